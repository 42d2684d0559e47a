//! Rust's symbol names, as paths.
//!
//! As much of the two manglings as a backtrace needs: the path of a function, without its type arguments. Other names are left
//! as they are. <https://doc.rust-lang.org/rustc/symbol-mangling/v0.html>

/// A symbol's path, such as `shop::tests::{{closure}}`.
pub fn demangle(symbol: &str) -> String {
    legacy(symbol)
        .or_else(|| v0(symbol))
        .unwrap_or_else(|| symbol.to_owned())
}

/// `_ZN`, identifiers with their lengths, a hash, `E`.
fn legacy(symbol: &str) -> Option<String> {
    let mut rest = symbol.strip_prefix("_ZN")?;
    let mut parts = Vec::new();
    while !rest.starts_with('E') {
        let (part, after) = identifier(rest)?;
        parts.push(part);
        rest = after;
    }
    // The hash says nothing to people.
    let is_hash = |part: &&str| part.len() == 17 && part.starts_with('h');
    parts.pop_if(|part| is_hash(&&**part));
    let parts = parts.into_iter().map(unescape);
    Some(parts.collect::<Vec<_>>().join("::"))
}

/// A length and as many bytes.
fn identifier(text: &str) -> Option<(&str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let length: usize = text[..digits].parse().ok()?;
    text[digits..].split_at_checked(length)
}

/// Decodes the legacy mangling's escapes of signs that symbols cannot hold.
fn unescape(part: &str) -> String {
    let mut text = part
        .strip_prefix('_')
        .filter(|rest| rest.starts_with('$'))
        .unwrap_or(part)
        .to_owned();
    for (code, sign) in [
        ("$u7b$", "{"),
        ("$u7d$", "}"),
        ("$LT$", "<"),
        ("$GT$", ">"),
        ("$RF$", "&"),
        ("$BP$", "*"),
        ("$LP$", "("),
        ("$RP$", ")"),
        ("$C$", ","),
        ("$u20$", " "),
        ("..", "::"),
    ] {
        text = text.replace(code, sign);
    }
    text
}

/// `_R`, a path. A path with generics ends where these begin: what follows is no part of the outermost name.
fn v0(symbol: &str) -> Option<String> {
    let path = symbol.strip_prefix("_R")?;
    let mut parts = Vec::new();
    V0 { rest: path }.path(&mut parts)?;
    Some(parts.join("::"))
}

struct V0<'a> {
    rest: &'a str,
}

impl V0<'_> {
    fn take(&mut self, tag: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(tag)?;
        Some(())
    }

    /// The namespaces around a crate's root are counted first and named afterwards, innermost last.
    fn path(&mut self, parts: &mut Vec<String>) -> Option<()> {
        let mut kinds = Vec::new();
        loop {
            let tag = self.rest.chars().next()?;
            self.take(tag)?;
            match tag {
                'N' => {
                    let kind = self.rest.chars().next()?;
                    self.take(kind)?;
                    kinds.push(kind);
                }
                // Its arguments stand behind the path.
                'I' if kinds.is_empty() => {}
                'C' => break,
                _ => return None,
            }
        }
        parts.push(self.identifier()?);
        for kind in kinds.into_iter().rev() {
            let name = self.identifier()?;
            parts.push(match kind {
                'C' => "{{closure}}".to_owned(),
                _ => name,
            });
        }
        Some(())
    }

    /// `s`, a number and `_`, if there are several of the name; then the length, `_` if the name might be taken for digits, the name.
    fn identifier(&mut self) -> Option<String> {
        if let Some(rest) = self.rest.strip_prefix('s') {
            self.rest = &rest[rest.find('_')? + 1..];
        }
        let digits = self
            .rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let length: usize = self.rest[..digits].parse().ok()?;
        let rest = &self.rest[digits..];
        let rest = rest.strip_prefix('_').unwrap_or(rest);
        let (name, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::demangle;

    #[test]
    fn both_manglings_become_paths() {
        for (symbol, path) in [
            (
                "_ZN9wasm_unit5tests10fails_here17h3adab4771baf2108E",
                "wasm_unit::tests::fails_here",
            ),
            (
                "_ZN9wasm_unit5tests10fails_here28_$u7b$$u7b$closure$u7d$$u7d$17h392bc1b942961ec8E",
                "wasm_unit::tests::fails_here::{{closure}}",
            ),
            (
                "_RNvNtCsgXGp5Oqx2Ny_4core9panicking9panic_fmt",
                "core::panicking::panic_fmt",
            ),
            (
                "_RNvCsfLfy6EI15iL_7___rustc12___rust_abort",
                "__rustc::__rust_abort",
            ),
            (
                "_RNCNvNtCsebHcaeoSrxy_3std9panicking13panic_handler0B5_",
                "std::panicking::panic_handler::{{closure}}",
            ),
            (
                "_RINvCskVaOqsT0qpO_4test28___rust_begin_short_backtraceuEB2_",
                "test::__rust_begin_short_backtrace",
            ),
        ] {
            assert_eq!(demangle(symbol), path);
        }
    }

    #[test]
    fn other_names_and_cut_off_ones_stay() {
        for symbol in [
            "main",
            "",
            "_ZN",
            "_ZN9was",
            "_ZN99999999999999999999aE",
            "_R",
            "_RN",
            "_RNvC",
            "_RXs_",
            "_RNvCs",
        ] {
            assert_eq!(demangle(symbol), symbol);
        }
    }
}
