//! Errors of validation: mistakes in modules that could be decoded.
//!
//! Each text begins with the phrase that the official test suite uses for the mistake, and then states both sides of it: the
//! requirement of the rule and the contents of the module.

use core::fmt;

use super::operand::OpType;
use crate::escape;
use crate::features::{Feature, State};
use crate::syntax::index::*;
use crate::syntax::instr::Opcode;
use crate::syntax::types::*;

/// A violation of a validation rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at offset {offset:#x})")]
pub struct ValidateError {
    /// The violated rule. It is boxed because each checked instruction returns a result that can carry the error.
    pub kind: Box<ErrorKind>,
    /// The place: an absolute offset in the binary, of an instruction or of an entry of a section.
    pub offset: usize,
}

/// The result of the rules: an error has no place yet, which the caller adds.
pub(super) type Check<T = ()> = Result<T, Box<ErrorKind>>;

/// Adds the place to an error.
pub(super) trait At<T> {
    /// Adds `offset` as the place of the error.
    fn at(self, offset: usize) -> Result<T, ValidateError>;
}

impl<T> At<T> for Check<T> {
    #[inline(always)]
    fn at(self, offset: usize) -> Result<T, ValidateError> {
        match self {
            Ok(value) => Ok(value),
            Err(kind) => Err(ValidateError { kind, offset }),
        }
    }
}

/// The rule that was violated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// Something needs a feature that is off.
    #[error("{feature} {}: {subject} needs it{}", off(*feature), Switch(*feature))]
    Unsupported {
        /// The feature.
        feature: Feature,
        /// The instruction, type or entity that needs it.
        subject: Subject,
    },
    /// A second memory without the feature that allows it.
    #[error(
        "multiple memories: the module has {count}, and multi-memory {}",
        off(Feature::MultiMemory)
    )]
    MultipleMemories {
        /// Number of memories.
        count: usize,
    },
    /// A second table without the feature that allows it.
    #[error(
        "multiple tables: the module has {count}, and reference-types {}",
        off(Feature::ReferenceTypes)
    )]
    MultipleTables {
        /// Number of tables.
        count: usize,
    },
    /// More of something than any module may have.
    #[error("too many {what}: {count}, the limit is {max}")]
    TooMany {
        /// The kind of entity.
        what: &'static str,
        /// The number found.
        count: u64,
        /// The number allowed.
        max: u64,
    },
    /// An index beyond the end of its space.
    #[error("unknown {space} {index}: there are {count}")]
    Unknown {
        /// The index space.
        space: Space,
        /// The index.
        index: u32,
        /// Number of entries in the space.
        count: usize,
    },
    /// Operands that do not fit.
    #[error("type mismatch: instruction requires {required} but stack has {found}")]
    Operands {
        /// The required types.
        required: TypeList,
        /// The types on the stack.
        found: TypeList,
    },
    /// Operands left over at the end of a block.
    #[error("type mismatch: block ends with {required} but stack has {found} besides")]
    Leftover {
        /// The results of the block.
        required: TypeList,
        /// The operands in excess.
        found: TypeList,
    },
    /// An operand that must be a reference, of any type.
    #[error("type mismatch: instruction requires a reference but stack has {found}")]
    NotReference {
        /// The types on the stack.
        found: TypeList,
    },
    /// Operands of `select` that need an annotation.
    #[error(
        "type mismatch: select without types requires two numbers or vectors of a type but stack has {found}"
    )]
    Select {
        /// The types on the stack.
        found: TypeList,
    },
    /// A type that does not match the required one.
    #[error("type mismatch: {what} requires {required} but has {found}")]
    Types {
        /// The place where the two types meet.
        what: &'static str,
        /// The required types.
        required: TypeList,
        /// The types found.
        found: TypeList,
    },
    /// Labels of a `br_table` that take different numbers of operands.
    #[error(
        "type mismatch: br_table requires labels of arity {required} but label {label} has arity {found}"
    )]
    LabelArity {
        /// The label.
        label: LabelIdx,
        /// The default label's arity.
        required: usize,
        /// The label's arity.
        found: usize,
    },
    /// A label that has to take a reference as its last operand.
    #[error(
        "type mismatch: instruction requires a label that takes {required} but label {label} takes {found}"
    )]
    LabelTypes {
        /// The label.
        label: LabelIdx,
        /// The required types.
        required: TypeList,
        /// The types that the label takes.
        found: TypeList,
    },
    /// A type of the wrong kind.
    #[error("type mismatch: type {ty} is required to be {required} but is {found}")]
    TypeKind {
        /// The type.
        ty: TypeIdx,
        /// The required kind.
        required: Kind,
        /// The kind found.
        found: Kind,
    },
    /// A type that a module gives to a function or block, and that is no function type.
    #[error("unknown type {ty}: required to be {} but is {found}", Kind::Func)]
    NotFuncType {
        /// The type.
        ty: TypeIdx,
        /// The kind found.
        found: Kind,
    },
    /// `if` without `else` whose parameters are not its results.
    #[error("type mismatch: if without else requires {required} but has {found}")]
    MissingElse {
        /// Its results.
        required: TypeList,
        /// Its parameters.
        found: TypeList,
    },
    /// A table, local or field of a type without a default, with none given.
    #[error(
        "type mismatch: {what} of type {ty} requires an initial value, its type has no default"
    )]
    NoDefault {
        /// The kind of entity: table, local or field.
        what: &'static str,
        /// Its type.
        ty: OpType,
    },
    /// Packed fields are read with a signedness, others without.
    #[error("type mismatch: field of type {ty} is read by an instruction for {} fields", if *.packed { "unpacked" } else { "packed" })]
    Packing {
        /// The storage type of the field.
        ty: StorageText,
        /// Whether the field is packed.
        packed: bool,
    },
    /// A cast upwards, or to another hierarchy.
    #[error("type mismatch: cast requires a subtype of {from} but has {to}")]
    Cast {
        /// The operand.
        from: OpType,
        /// The target of the cast.
        to: OpType,
    },
    /// A local that has not been set on every way here.
    #[error("uninitialized local {local}: its type {ty} has no default")]
    UninitializedLocal {
        /// The local.
        local: LocalIdx,
        /// Its type.
        ty: OpType,
    },
    /// An alignment above the natural one.
    #[error("alignment must not be larger than natural: {} has 2**{align}, natural is 2**{natural}", .instr.mnemonic())]
    Alignment {
        /// The instruction.
        instr: Opcode,
        /// Exponent of its alignment.
        align: u32,
        /// Exponent of its natural alignment.
        natural: u32,
    },
    /// An atomic access that is not aligned exactly.
    #[error("alignment must be equal to natural: {} has 2**{align}, natural is 2**{natural}", .instr.mnemonic())]
    AtomicAlignment {
        /// The instruction.
        instr: Opcode,
        /// Exponent of its alignment.
        align: u32,
        /// Exponent of its natural alignment.
        natural: u32,
    },
    /// An offset beyond the addresses of the memory.
    #[error("offset out of range: {offset:#x} for 32-bit addresses")]
    OffsetRange {
        /// The offset.
        offset: u64,
    },
    /// A lane that the shape does not have.
    #[error("invalid lane index {lane}: {} has {lanes}", .instr.mnemonic())]
    Lane {
        /// The instruction.
        instr: Opcode,
        /// The lane.
        lane: u8,
        /// Number of lanes.
        lanes: u8,
    },
    /// `select` with an annotation that is not one type.
    #[error("invalid result arity: select yields 1 value, {found} types are given")]
    ResultArity {
        /// Number of types.
        found: usize,
    },
    /// An assignment to a constant global.
    #[error("immutable global: global is immutable, and global.set {global} sets it")]
    ImmutableGlobal {
        /// The global.
        global: GlobalIdx,
    },
    /// An assignment to a constant field.
    #[error("immutable field {field} of type {ty} is set")]
    ImmutableField {
        /// The structure type.
        ty: TypeIdx,
        /// The field.
        field: FieldIdx,
    },
    /// An assignment to elements of a constant array.
    #[error("immutable array of type {ty} is written to")]
    ImmutableArray {
        /// The array type.
        ty: TypeIdx,
    },
    /// `array.copy` between arrays of different elements.
    #[error(
        "array types do not match: elements of type {src} are copied to elements of type {dst}"
    )]
    ArrayCopy {
        /// The type of the elements written.
        dst: StorageText,
        /// The type of the elements read.
        src: StorageText,
    },
    /// An array of references that is filled from bytes.
    #[error("array type is not numeric or vector: type {ty} has elements of type {element}")]
    ArrayOfRefs {
        /// The array type.
        ty: TypeIdx,
        /// The type of its elements.
        element: StorageText,
    },
    /// A reference to a function without a declaration.
    #[error(
        "undeclared function reference: function {func} occurs nowhere outside of function bodies"
    )]
    UndeclaredRef {
        /// The function.
        func: FuncIdx,
    },
    /// An instruction that is not allowed in a constant expression.
    #[error("constant expression required: {} is not constant", .instr.mnemonic())]
    NotConstant {
        /// The instruction.
        instr: Opcode,
    },
    /// A mutable global in a constant expression.
    #[error("constant expression required: global {global} is mutable")]
    MutableInConstant {
        /// The global.
        global: GlobalIdx,
    },
    /// Two exports of one name.
    #[error("duplicate export name: {:?}", escape::name(.name))]
    DuplicateExport {
        /// The name.
        name: Box<str>,
    },
    /// A start function with parameters or results.
    #[error("start function: function {func} must have type [] -> [] but has {ty}")]
    Start {
        /// The function.
        func: FuncIdx,
        /// Its type.
        ty: FuncType,
    },
    /// A tag with results.
    #[error("non-empty tag result type: type {ty} has {results} results")]
    TagResults {
        /// The tag's type.
        ty: TypeIdx,
        /// Number of its results.
        results: usize,
    },
    /// A memory beyond its address space.
    #[error("memory size must be at most {max} pages{}: {pages}", if *.max == 65_536 { " (4GiB)" } else { "" })]
    MemorySize {
        /// The declared number of pages.
        pages: u64,
        /// The number allowed.
        max: u64,
    },
    /// A table beyond its address space.
    #[error("table size must be at most {max} elements: {elements}")]
    TableSize {
        /// The declared number of elements.
        elements: u64,
        /// The number allowed.
        max: u64,
    },
    /// Limits the wrong way round.
    #[error("size minimum must not be greater than maximum: {min} and {max}")]
    MinAboveMax {
        /// The minimum.
        min: u64,
        /// The maximum.
        max: u64,
    },
    /// A shared memory without a maximum.
    #[error("shared memory must have maximum")]
    SharedWithoutMax,
    /// Pages of another size than 1 and 65536.
    #[error("invalid custom page size: 2**{log2}, possible are 2**0 and 2**16")]
    PageSize {
        /// Base-2 logarithm of the size.
        log2: u8,
    },
    /// A declared supertype that cannot be one.
    #[error("sub type {sub} does not match super type {sup}: {why}")]
    SubType {
        /// The type that declares it.
        sub: TypeIdx,
        /// Its supertype.
        sup: TypeIdx,
        /// The violated rule.
        why: &'static str,
    },
    /// More than one supertype.
    #[error("sub type {sub} declares {count} super types: at most one is possible")]
    SuperTypes {
        /// The type that declares them.
        sub: TypeIdx,
        /// Number of supertypes.
        count: usize,
    },
    /// An instruction that names a data segment, without the section that states the number of segments.
    #[error("data count section required: {} refers to a data segment", .instr.mnemonic())]
    DataCountRequired {
        /// The instruction.
        instr: Opcode,
    },
    /// `else`, `catch` or another part of a block where there is no such block.
    #[error("unexpected {}: no open block can have it", .instr.mnemonic())]
    Misplaced {
        /// The instruction.
        instr: Opcode,
    },
    /// `rethrow` to a block that is not a handler.
    #[error("invalid rethrow label {label}: it is not the label of a catch block")]
    Rethrow {
        /// The label.
        label: LabelIdx,
    },
    /// A body that ends before its last `end`.
    #[error("END opcode expected: {open} blocks are open")]
    Unfinished {
        /// Number of blocks without an `end`.
        open: usize,
    },
}

/// The wording for a feature that is off.
fn off(feature: Feature) -> &'static str {
    match feature.state() {
        State::On | State::Optional => "is switched off",
        State::Postponed | State::Proposed => "is not supported yet",
    }
}

/// The advice for enabling a feature that is off.
struct Switch(Feature);

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.is_implemented() {
            return Ok(());
        }
        f.write_str(" (`Config::wasm_")?;
        match self.0 {
            Feature::ExceptionHandling => f.write_str("exceptions")?,
            feature => f.write_str(&feature.name().replace('-', "_"))?,
        }
        f.write_str("`)")
    }
}

/// An instruction, type or entity that needs a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An instruction.
    Instr(Opcode),
    /// A type.
    Type(ValType),
    /// Something else.
    Text(&'static str),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instr(instr) => write!(f, "instruction {}", instr.mnemonic()),
            Self::Type(ty) => write!(f, "type {ty}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// An index space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Space {
    Type,
    Func,
    Table,
    Mem,
    Global,
    Tag,
    Elem,
    Data,
    Local,
    Label,
    Field,
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "type",
            Self::Func => "function",
            Self::Table => "table",
            Self::Mem => "memory",
            Self::Global => "global",
            Self::Tag => "tag",
            Self::Elem => "elem segment",
            Self::Data => "data segment",
            Self::Local => "local",
            Self::Label => "label",
            Self::Field => "field",
        })
    }
}

/// The kinds of composite types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Functions.
    Func,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Func => "a function type",
            Self::Struct => "a structure type",
            Self::Array => "an array type",
        })
    }
}

/// A storage type for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageText(pub StorageType);

impl fmt::Display for StorageText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            StorageType::Val(ty) => ty.fmt(f),
            StorageType::I8 => f.write_str("i8"),
            StorageType::I16 => f.write_str("i16"),
        }
    }
}

/// Types of operands for messages: the last ones of a list that may be longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeList {
    shown: Box<[OpType]>,
    cut: bool,
}

impl TypeList {
    /// The maximal number of types shown: a message stays readable even if a type has a thousand parameters.
    const MAX: usize = 16;

    pub(super) fn new(types: &[OpType]) -> Self {
        let from = types.len().saturating_sub(Self::MAX);
        Self {
            shown: types[from..].into(),
            cut: from > 0,
        }
    }
}

impl fmt::Display for TypeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.cut { "[... " } else { "[" })?;
        for (i, ty) in self.shown.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            ty.fmt(f)?;
        }
        f.write_str("]")
    }
}
