//! A naive interpreter of WebAssembly that tickwasm is compared with.
