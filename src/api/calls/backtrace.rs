//! Backtraces: the calls that were under way when execution stopped.

use core::fmt;

use crate::api::module::Module;
use crate::escape;
use crate::syntax::index::FuncIdx;

/// The calls of WebAssembly functions that were under way when execution stopped, innermost first.
///
/// See [`TrapError`](crate::TrapError) for an example.
#[derive(Clone, Debug, Default)]
pub struct WasmBacktrace {
    frames: Box<[FrameInfo]>,
}

impl WasmBacktrace {
    pub(crate) fn new(frames: Box<[FrameInfo]>) -> Self {
        Self { frames }
    }

    /// The calls, innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wasm backtrace:")?;
        for (at, frame) in self.frames.iter().enumerate() {
            write!(f, "\n  {at:>3}: {frame}")?;
        }
        Ok(())
    }
}

impl std::error::Error for WasmBacktrace {}

/// A call in a backtrace. See [`TrapError`](crate::TrapError) for an example.
#[derive(Clone, Debug)]
pub struct FrameInfo {
    module: Module,
    func: FuncIdx,
    offset: usize,
}

impl FrameInfo {
    pub(crate) fn new(module: Module, func: FuncIdx, offset: usize) -> Self {
        Self {
            module,
            func,
            offset,
        }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The module's name, if its name section has one.
    pub fn module_name(&self) -> Option<&str> {
        self.module.name()
    }

    /// The index of the function in its module, imported ones counted.
    pub fn func_index(&self) -> u32 {
        self.func.0
    }

    /// The name of the function, if the module's name section has one.
    pub fn func_name(&self) -> Option<&str> {
        self.module.syntax().names.func(self.func)
    }

    /// The current instruction of the call in the text format, such as `i32.load offset=4`. It is read from the module's binary on demand.
    pub fn instruction(&self) -> Option<String> {
        let compiled = self.module.compiled();
        let defined = self.func.0.checked_sub(compiled.code.imported())?;
        compiled.instr_at(defined, self.offset)
    }

    /// The offset of the call's current instruction in the module's binary.
    pub fn module_offset(&self) -> Option<usize> {
        Some(self.offset)
    }
}

impl fmt::Display for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}: ", self.offset)?;
        if let Some(name) = self.module_name() {
            write!(f, "{}!", escape::name(name))?;
        }
        match self.func_name() {
            Some(name) => write!(f, "{} (function {})", escape::name(name), self.func),
            None => write!(f, "function {}", self.func),
        }
    }
}
