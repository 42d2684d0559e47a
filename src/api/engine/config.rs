//! Configuration of an engine.

use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Misuse};
use crate::features::{Feature, Features};
use crate::runtime::limiter::Limits;
use crate::support::cache::Bounds;
use crate::support::cache_dir::CacheDir;

/// The configuration that an [`Engine`](crate::Engine) is made with.
///
/// ```
/// use tickwasm::{Config, Engine};
///
/// let mut config = Config::new();
/// config.consume_fuel(true).max_memory_bytes(16 << 20);
/// let engine = Engine::new(&config)?;
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) features: Features,
    pub(crate) fuel: bool,
    pub(crate) interruptible: bool,
    pub(crate) eager: bool,
    pub(crate) deterministic: bool,
    pub(crate) limits: Limits,
    /// The limits that stores start with.
    pub(crate) initial_fuel: u64,
    pub(crate) initial_pages: u32,
    pub(crate) cache: Bounds,
    /// Whether all modules are cached or only those that are compiled by the engine's own methods.
    pub(crate) cache_modules: bool,
    pub(crate) cache_dir: Option<Arc<CacheDir>>,
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl From<&Config> for Config {
    fn from(config: &Config) -> Self {
        config.clone()
    }
}

impl From<&mut Config> for Config {
    fn from(config: &mut Config) -> Self {
        config.clone()
    }
}

/// The few settings that matter to an engine for programs written on the spot. [`Config`] has all.
///
/// ```
/// use tickwasm::{Engine, EngineConfig, Store};
///
/// let engine = Engine::new(EngineConfig {
///     fuel: Some(1_000_000),
///     ..EngineConfig::default()
/// })?;
/// assert_eq!(Store::new(&engine, ()).get_fuel()?, 1_000_000);
/// # Ok::<(), tickwasm::Error>(())
/// ```
///
/// The others are set on the [`Config`] that it converts into:
///
/// ```
/// use tickwasm::{Config, Engine, EngineConfig};
///
/// let mut config = Config::from(EngineConfig::default());
/// config.max_wasm_stack(256 << 10).wasm_multi_memory(false);
/// let engine = Engine::new(config)?;
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EngineConfig {
    /// The most bytes that all memories of a store may have together, 16 MiB by default; see [`Config::max_memory_bytes`].
    pub max_memory_bytes: u64,
    /// The initial size, in pages of 64 KiB, of the memory of a program that a [`tape::Template`](crate::tape::Template) makes; 1 by default.
    pub initial_pages: u32,
    /// The fuel that each new store starts with. With `None`, the default, fuel is not counted and programs run without that limit.
    pub fuel: Option<u64>,
    /// Whether functions may be called asynchronously, yes by default. It has no effect: an engine can always do both.
    pub async_support: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            max_memory_bytes: 16 << 20,
            initial_pages: 1,
            fuel: None,
            async_support: true,
        }
    }
}

impl From<EngineConfig> for Config {
    fn from(from: EngineConfig) -> Self {
        let mut config = Self::new();
        config
            .max_memory_bytes(from.max_memory_bytes)
            .max_heap_bytes(from.max_memory_bytes)
            .initial_pages(from.initial_pages)
            .async_support(from.async_support);
        if let Some(fuel) = from.fuel {
            config.consume_fuel(true).initial_fuel(fuel);
        }
        config
    }
}

impl From<&EngineConfig> for Config {
    fn from(from: &EngineConfig) -> Self {
        Self::from(*from)
    }
}

/// Defines a method for each feature.
macro_rules! switches {
    ($($(#[$doc:meta])* $method:ident $feature:ident;)*) => {
        /// Switches for the parts of WebAssembly.
        ///
        /// Implemented parts of the standard are on by default, proposals are off. Switching on a part that is not implemented yet changes
        /// nothing: a module that needs it is refused with an error that names it.
        impl Config {
            $(
                $(#[$doc])*
                pub fn $method(&mut self, on: bool) -> &mut Self {
                    self.switch(Feature::$feature, on)
                }
            )*
        }
    };
}

switches! {
    /// Importing and exporting mutable globals.
    wasm_mutable_global MutableGlobal;
    /// `i32.extend8_s` and its like.
    wasm_sign_extension SignExtension;
    /// `i32.trunc_sat_f32_s` and its like.
    wasm_saturating_float_to_int SaturatingFloatToInt;
    /// Several results, block parameters.
    wasm_multi_value MultiValue;
    /// `memory.copy` and its like, passive segments.
    wasm_bulk_memory BulkMemory;
    /// `externref`, several tables, `table.get` and its like.
    wasm_reference_types ReferenceTypes;
    /// Arithmetic in constant expressions.
    wasm_extended_const ExtendedConst;
    /// `return_call` and its like.
    wasm_tail_call TailCall;
    /// Several memories in a module.
    wasm_multi_memory MultiMemory;
    /// 128-bit vectors.
    wasm_simd Simd;
    /// Vector instructions with several permitted results.
    wasm_relaxed_simd RelaxedSimd;
    /// Memories and tables with 64-bit addresses.
    wasm_memory64 Memory64;
    /// `(ref $t)`, `call_ref` and their like.
    wasm_function_references FunctionReferences;
    /// Structures, arrays, casts.
    wasm_gc Gc;
    /// `throw`, `try_table`, `exnref`.
    wasm_exceptions ExceptionHandling;
    /// Shared memories, atomic accesses. See [`SharedMemory`](crate::SharedMemory).
    ///
    /// `memory.atomic.wait32` blocks the thread that executes it, in asynchronous calls too, until it is notified, its timeout is over, or
    /// the store is interrupted; fuel does not bound how long that is.
    wasm_threads Threads;
    /// Memories with pages of one byte.
    wasm_custom_page_sizes CustomPageSizes;
    /// 128-bit addition, subtraction and multiplication of integers.
    wasm_wide_arithmetic WideArithmetic;
    /// `try`, `catch`, `delegate` and `rethrow`, which came before `try_table` and are no part of the standard. Off by default; there are
    /// tools that still write them.
    wasm_legacy_exceptions LegacyExceptions;
}

impl Config {
    /// The default configuration: every implemented feature on, no fuel, functions compiled when they are first called, no limit on
    /// memory, 1 MiB of value stack.
    pub fn new() -> Self {
        Self {
            features: Features::DEFAULT,
            fuel: false,
            interruptible: false,
            eager: false,
            deterministic: false,
            limits: Limits::default(),
            initial_fuel: 0,
            initial_pages: 1,
            cache: Bounds::default(),
            cache_modules: false,
            cache_dir: None,
        }
    }

    /// Switches parts of WebAssembly by a list of proposals, separated by commas: `threads` switches threads on, `-simd` switches vectors
    /// off, and `all` switches on everything that is implemented. This is for programs whose users choose the features.
    ///
    /// # Errors
    /// [`Misuse::UnknownFeature`] if there is no feature of a name; no feature is switched then.
    ///
    /// ```
    /// use tickwasm::{Config, Engine, Module};
    ///
    /// let engine = Engine::new(Config::new().switch_features("threads,-simd")?)?;
    /// assert!(Module::new(&engine, "(module (memory 1 1 shared))").is_ok());
    /// assert!(Module::new(&engine, "(module (func (param v128)))").is_err());
    /// let error = Config::new().switch_features("thread").unwrap_err();
    /// assert!(error.to_string().starts_with("unknown feature `thread`; there are `all`, `mutable-global`, "));
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    pub fn switch_features(&mut self, names: &str) -> Result<&mut Self, Error> {
        let mut features = self.features;
        for name in names.split(',').map(str::trim) {
            let (name, on) = match name.strip_prefix('-') {
                Some(name) => (name, false),
                None => (name, true),
            };
            let mut known = false;
            for feature in Feature::switchable() {
                if name == feature.name() || name == "all" {
                    features = features.with(feature, on);
                    known = true;
                }
            }
            if !known {
                return Err(Misuse::UnknownFeature { name: name.into() }.into());
            }
        }
        self.features = features;
        Ok(self)
    }

    fn switch(&mut self, feature: Feature, on: bool) -> &mut Self {
        let on = on && feature.is_implemented();
        self.features = self.features.with(feature, on);
        self
    }

    /// Sets whether execution counts fuel. Off by default; while it is off, [`Store::set_fuel`](crate::Store::set_fuel) is an error.
    ///
    /// With fuel on, a store starts with [`Config::initial_fuel`] and runs nothing without fuel.
    pub fn consume_fuel(&mut self, on: bool) -> &mut Self {
        self.fuel = on;
        self
    }

    /// Sets the fuel that each new store starts with, 0 by default. Without [`Config::consume_fuel`] it has no effect.
    pub fn initial_fuel(&mut self, fuel: u64) -> &mut Self {
        self.initial_fuel = fuel;
        self
    }

    /// Sets whether execution can be interrupted from other threads: by an [`InterruptHandle`](crate::InterruptHandle), or by
    /// [`Engine::increment_epoch`](crate::Engine::increment_epoch) and a store's deadline. Off by default.
    ///
    /// It costs as much as counting fuel, because code has to check from time to time; fuel itself need not be switched on.
    pub fn epoch_interruption(&mut self, on: bool) -> &mut Self {
        self.interruptible = on;
        self
    }

    /// Has no effect, and is there for code that sets it: every engine can do both.
    pub fn async_support(&mut self, on: bool) -> &mut Self {
        let _ = on;
        self
    }

    /// Sets whether all functions of a module are lowered when the module is made, instead of each when it is first called.
    ///
    /// Off by default. Either way the whole module is validated at once, and results and fuel are the same.
    pub fn eager_lowering(&mut self, on: bool) -> &mut Self {
        self.eager = on;
        self
    }

    /// Sets whether results are the same on every platform, bit by bit: the standard's deterministic profile. Off by default.
    ///
    /// Without it, the platform determines the sign and the payload of a NaN that arithmetic yields, and nothing else. With it, such a NaN
    /// is canonical and positive. Each instruction that may yield one then takes one more op: integer code is as fast as before, and
    /// programs that are full of floats take a third to four fifths more time.
    ///
    /// The results of host functions, and whether a memory or table can grow, still depend on the host.
    /// <https://webassembly.github.io/spec/core/appendix/profiles.html#deterministic-profile-small-mathsmall-textsf-det>
    ///
    /// ```
    /// use tickwasm::{Config, Engine, Instance, Module, Store};
    ///
    /// let engine = Engine::new(Config::new().deterministic(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "nan") (param f32) (result i32)
    ///     (i32.reinterpret_f32 (f32.sqrt (local.get 0)))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let nan = instance.get_typed_func::<f32, u32>(&mut store, "nan")?;
    /// assert_eq!(nan.call(&mut store, -1.0)?, 0x7fc0_0000);
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    pub fn deterministic(&mut self, on: bool) -> &mut Self {
        self.deterministic = on;
        self
    }

    /// Has no effect, and is there for code that sets it: relaxed vector instructions always have the results that the standard's
    /// deterministic profile prescribes.
    ///
    /// They are those of the instructions without `relaxed` in their names: a lane beyond the last is 0 in a swizzle, conversions
    /// saturate, `laneselect` goes bit by bit, `min` and `max` propagate NaNs and tell zeros apart, `q15mulr` saturates. `madd` and `nmadd`
    /// round twice, and the bytes of both operands of a dot product are signed.
    pub fn relaxed_simd_deterministic(&mut self, on: bool) -> &mut Self {
        let _ = on;
        self
    }

    /// Sets the most bytes of a call's value stack, 1 MiB by default. A call that needs more traps with
    /// [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    ///
    /// Calls between WebAssembly functions do not use the host's own stack. Nested calls of host functions and guests do: they end with the
    /// same trap after 200 calls or 256 KiB.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Self {
        self.limits.stack_bytes = bytes;
        self
    }

    /// Sets the most bytes that all memories of a store may have together; unlimited by default.
    ///
    /// Making an instance that needs more is an error ([`Error::MemoryExhausted`](crate::Error::MemoryExhausted)), `memory.grow` beyond
    /// it yields -1. New stores start with this limit, see
    /// [`Store::set_max_memory_bytes`](crate::Store::set_max_memory_bytes).
    pub fn max_memory_bytes(&mut self, bytes: u64) -> &mut Self {
        self.limits.memory_bytes = bytes;
        self
    }

    /// Sets the most bytes that the heap of objects of a store may have; 4 GiB by default.
    ///
    /// An instruction that needs more traps with [`Trap::HeapExhausted`](crate::Trap::HeapExhausted), after a collection has freed the
    /// objects that are no longer referred to. Where the heap is nearly full, a collection happens only after objects worth an eighth of
    /// the bytes that it looks at were made: objects, the value stack in use, tables and globals. So collections take a bounded share of the
    /// time that making objects takes. In return, the last eighth of the heap may stay unused: a program is sure to go on as long as its
    /// live objects, with the one it asks for, take no more than seven eighths of the limit, and the stack, tables and globals are small
    /// beside that. A call from outside may begin with one collection in any case. [`Store::gc`](crate::Store::gc) collects whenever it is called.
    ///
    /// Values of the host behind [`ExternRef`](crate::ExternRef) count as objects. New stores start with this limit, see
    /// [`Store::set_max_heap_bytes`](crate::Store::set_max_heap_bytes).
    pub fn max_heap_bytes(&mut self, bytes: u64) -> &mut Self {
        self.limits.heap_bytes = bytes;
        self
    }

    /// Sets the most bytes that memories, tables and the heap of objects of a store may have, all together; unlimited by default.
    ///
    /// It applies in addition to the limits on each kind. New stores start with it, see
    /// [`Store::set_max_total_bytes`](crate::Store::set_max_total_bytes).
    pub fn max_total_bytes(&mut self, bytes: u64) -> &mut Self {
        self.limits.total_bytes = bytes;
        self
    }

    /// Sets the initial size, in pages of 64 KiB, of the memory of a program that a [`tape::Template`](crate::tape::Template) makes; 1 by
    /// default. Other modules state the size of their memories.
    pub fn initial_pages(&mut self, pages: u32) -> &mut Self {
        self.initial_pages = pages;
        self
    }

    /// Sets whether [`Module::new`](crate::Module::new), `from_binary` and `from_file` use the engine's cache, as
    /// [`Engine::compile_wat`](crate::Engine::compile_wat) and `compile_wasm` always do. Off by default.
    pub fn cache_modules(&mut self, on: bool) -> &mut Self {
        self.cache_modules = on;
        self
    }

    /// Sets roughly how many bytes the engine's cache of modules may take, 64 MiB by default. Code that is lowered after a module was loaded
    /// counts. Where a request finds more than that, the least recently used modules are dropped; 0 keeps none at all.
    pub fn cache_max_bytes(&mut self, bytes: u64) -> &mut Self {
        self.cache.bytes = bytes;
        self
    }

    /// Sets the most modules in the engine's cache, 10,000 by default.
    pub fn cache_max_entries(&mut self, entries: usize) -> &mut Self {
        self.cache.entries = entries;
        self
    }

    /// Sets a directory in which the cache keeps the binaries of texts, so that the next process need not translate them again, and roughly
    /// the most bytes that it may take. It is made when it is needed, and several processes may use it at once.
    ///
    /// Binaries that are loaded from it are validated like any other, but each is taken for the translation of its text: only those who may
    /// choose the programs should be able to write there. A file that is damaged, or cannot be read or written, is not an error: the text is
    /// translated.
    ///
    /// ```no_run
    /// use tickwasm::{Config, Engine};
    ///
    /// let mut config = Config::new();
    /// config.cache_directory("/var/cache/agents/wasm", 256 << 20);
    /// let engine = Engine::new(config)?;
    /// engine.compile_wat("(module)")?;
    /// println!("found in the directory: {}", engine.cache_stats().disk_hits);
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    pub fn cache_directory(&mut self, path: impl AsRef<Path>, max_bytes: u64) -> &mut Self {
        self.cache_dir = Some(Arc::new(CacheDir::new(path.as_ref(), max_bytes)));
        self
    }

    /// Sets the most elements that all tables of a store may have together, 2²⁴ by default. An element takes 8 bytes.
    pub fn max_table_elements(&mut self, elements: u64) -> &mut Self {
        self.limits.table_elements = elements;
        self
    }

    /// Sets the most memories of a store, 1,000,000 by default.
    pub fn max_memories(&mut self, memories: u32) -> &mut Self {
        self.limits.memories = memories;
        self
    }

    /// Sets the most tables of a store, 1,000,000 by default.
    pub fn max_tables(&mut self, tables: u32) -> &mut Self {
        self.limits.tables = tables;
        self
    }

    /// Sets the most instances of a store, 1,000,000 by default.
    pub fn max_instances(&mut self, instances: u32) -> &mut Self {
        self.limits.instances = instances;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_is_not_implemented_stays_off() {
        let mut config = Config::new();
        for &feature in Feature::ALL {
            config.switch(feature, true);
            assert_eq!(config.features.contains(feature), feature.is_implemented());
        }
    }

    #[test]
    fn features_can_be_switched_off_and_on_again() {
        let mut config = Config::new();
        config.wasm_tail_call(false);
        assert!(!config.features.contains(Feature::TailCall));
        config.wasm_tail_call(true);
        assert!(config.features.contains(Feature::TailCall));
    }
}
