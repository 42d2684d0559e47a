//! The host functions of a shop whose prices are computed by guests.

use tickwasm::{Caller, Error, Linker};

/// The host's data while a guest runs.
#[derive(Default)]
pub struct Shop {
    /// The numbers of the articles that were ordered.
    pub ordered: Vec<i32>,
}

/// Defines the functions that guests can import.
///
/// # Errors
/// If the names are taken.
pub fn define(linker: &mut Linker<Shop>) -> Result<(), Error> {
    linker.func_wrap("shop", "price", |article: i32| article * 100 + 99)?;
    linker.func_wrap(
        "shop",
        "order",
        |mut caller: Caller<'_, Shop>, article: i32| {
            let ordered = &mut caller.data_mut().ordered;
            ordered.push(article);
            ordered.len() as i32
        },
    )?;
    Ok(())
}
