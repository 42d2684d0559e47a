//! Errors of decoding.

use core::fmt;

/// The reason why a binary is not a module, and the place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{kind} (at offset {offset:#x})")]
pub struct DecodeError {
    /// The reason.
    pub kind: DecodeErrorKind,
    /// The place: bytes from the beginning of the binary.
    pub offset: usize,
}

/// The reason why a binary is malformed.
///
/// The texts begin with those of the official test suite, which compares them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The binary, a section or a function body ends too early.
    #[error("unexpected end of section or function")]
    UnexpectedEnd,
    /// A length reaches beyond the end of its surroundings.
    #[error("length out of bounds: {length} bytes, but only {remaining} remain")]
    LengthOutOfBounds {
        /// The length given.
        length: u32,
        /// Number of bytes left.
        remaining: u32,
    },
    /// The first four bytes are not `\0asm`.
    #[error("magic header not detected")]
    Magic,
    /// The version is not 1.
    #[error("unknown binary version {:#x}{}", .0, said_of_version(*.0))]
    Version(u32),
    /// A number in LEB128 has more bytes than its type needs at most.
    #[error("integer representation too long")]
    IntegerTooLong,
    /// A number in LEB128 does not fit its type.
    #[error("integer too large")]
    IntegerTooLarge,
    /// There is no such section.
    #[error("malformed section id {0}")]
    SectionId(u8),
    /// A section's contents end before the section does.
    #[error("section size mismatch: {0} bytes remain after its contents")]
    SectionSize(u32),
    /// A section comes after one that must follow it, or twice.
    #[error("unexpected content after last section: section {0} is out of order")]
    SectionOrder(u8),
    /// A name is not UTF-8.
    #[error("malformed UTF-8 encoding")]
    Utf8,
    /// The numbers of bodies and of declared functions differ.
    #[error(
        "function and code section have inconsistent lengths: {funcs} functions, {bodies} bodies"
    )]
    FuncAndCode {
        /// Entries of the function section.
        funcs: u32,
        /// Entries of the code section.
        bodies: u32,
    },
    /// The number of data segments differs from the data count section.
    #[error(
        "data count and data section have inconsistent lengths: {count} announced, {segments} present"
    )]
    DataCount {
        /// The number in the data count section.
        count: u32,
        /// Entries of the data section.
        segments: u32,
    },
    /// There is no instruction with this byte.
    #[error("illegal opcode {0:02x}")]
    Opcode(u8),
    /// There is no instruction with this number behind this prefix.
    #[error("illegal opcode {prefix:02x} {code:02x}")]
    PrefixedOpcode {
        /// The prefix.
        prefix: u8,
        /// The number.
        code: u32,
    },
    /// A function body continues behind the `end` that closes it.
    #[error("END opcode expected at the end of the function")]
    EndExpected,
    /// A reserved byte is not zero.
    #[error("zero byte expected, found {0:#04x}")]
    ZeroByte(u8),
    /// A function has more locals than supported.
    #[error("too many locals: at most {} are supported", crate::limits::MAX_LOCALS)]
    TooManyLocals,
    /// More of something than supported.
    #[error("too many {what}: at most {limit} are supported")]
    TooMany {
        /// The kind of entity.
        what: Counted,
        /// The largest number allowed.
        limit: u32,
    },
    /// No such mutability.
    #[error("malformed mutability {0:#04x}")]
    Mutability(u8),
    /// No such kind of import.
    #[error("malformed import kind {0:#04x}")]
    ImportKind(u8),
    /// No such kind of export.
    #[error("malformed export kind {0:#04x}")]
    ExportKind(u8),
    /// No such value type.
    #[error("malformed value type {0:#04x}")]
    ValType(u8),
    /// No such reference type.
    #[error("malformed reference type {0:#04x}")]
    RefType(u8),
    /// No such heap type.
    #[error("malformed heap type {0:#04x}")]
    HeapType(u8),
    /// No such type of fields.
    #[error("malformed storage type {0:#04x}")]
    StorageType(u8),
    /// No such form of type definition.
    #[error("malformed definition type {0:#04x}")]
    DefType(u8),
    /// No such type of blocks.
    #[error("malformed block type {0:#04x}")]
    BlockType(u8),
    /// Unknown flags before limits.
    #[error("malformed limits flags {0:#04x}")]
    LimitsFlags(u8),
    /// Unknown flags before the alignment of a memory access.
    #[error("malformed memop flags {0:#x}")]
    MemOpFlags(u32),
    /// A page size that is no power of two up to 2^16.
    #[error("invalid custom page size: 2^{0}")]
    PageSize(u32),
    /// Unknown flags of `br_on_cast`.
    #[error("malformed cast flags {0:#04x}")]
    CastFlags(u8),
    /// No such clause of `try_table`.
    #[error("malformed catch kind {0:#04x}")]
    CatchKind(u8),
    /// No such kind of element segment.
    #[error("malformed elements segment kind {0:#x}")]
    ElemKind(u32),
    /// No such kind of data segment.
    #[error("malformed data segment kind {0:#x}")]
    DataKind(u32),
}

/// A kind of entity whose number is limited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Counted {
    /// Types of a module.
    Types,
    /// Types of a rec group.
    RecGroup,
    /// Functions.
    Funcs,
    /// Tables.
    Tables,
    /// Memories.
    Mems,
    /// Tags.
    Tags,
    /// Globals.
    Globals,
    /// Imports.
    Imports,
    /// Exports.
    Exports,
    /// Element segments.
    Elems,
    /// Elements of a segment.
    ElemItems,
    /// Data segments.
    Datas,
    /// Parameters of a function type.
    Params,
    /// Results of a function type.
    Results,
    /// Fields of a structure.
    Fields,
    /// Bytes of a function body.
    BodyBytes,
    /// Bytes of a name.
    NameBytes,
    /// Labels of a `br_table`.
    Labels,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Types => "types",
            Self::RecGroup => "types in a rec group",
            Self::Funcs => "functions",
            Self::Tables => "tables",
            Self::Mems => "memories",
            Self::Tags => "tags",
            Self::Globals => "globals",
            Self::Imports => "imports",
            Self::Exports => "exports",
            Self::Elems => "element segments",
            Self::ElemItems => "elements in a segment",
            Self::Datas => "data segments",
            Self::Params => "parameters",
            Self::Results => "results",
            Self::Fields => "fields",
            Self::BodyBytes => "bytes in a function body",
            Self::NameBytes => "bytes in a name",
            Self::Labels => "labels in a br_table",
        })
    }
}

/// Describes a version. The upper half of a version is the layer: 1 is that of components.
fn said_of_version(version: u32) -> &'static str {
    match version >> 16 {
        1 => ": this is a component, not a module",
        _ => "",
    }
}
