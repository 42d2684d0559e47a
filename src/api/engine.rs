//! The engine.

use core::fmt;
use std::sync::Arc;

use super::config::Config;
use crate::compile::Settings;
use crate::error::{Error, Misuse};
use crate::runtime::registry::Registry;

/// What modules are compiled for: a configuration, and the types that modules have in common.
///
/// Cloning it is a reference count; all clones are one engine. Modules, linkers and stores work together if they have the
/// same engine.
///
/// ```
/// use tickwasm::{Config, Engine};
///
/// let engine = Engine::default();
/// let other = Engine::new(Config::new().consume_fuel(true))?;
/// assert!(Engine::same(&engine, &engine.clone()));
/// assert!(!Engine::same(&engine, &other));
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    registry: Arc<Registry>,
}

impl Default for Engine {
    /// An engine of the default configuration.
    fn default() -> Self {
        Self::with(Config::new())
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine of a configuration, given as a [`Config`] or a reference to one.
    ///
    /// # Errors
    /// None at present; configurations that contradict themselves would be.
    pub fn new(config: impl Into<Config>) -> Result<Self, Error> {
        Ok(Self::with(config.into()))
    }

    /// # Panics
    /// Panics if the compiler that built this crate did not turn dispatch into jumps: a fault of the build, not of the
    /// configuration, which would otherwise show as an overflow of the host's stack.
    fn with(config: Config) -> Self {
        if !crate::exec::dispatch_is_flat() {
            panic!("this build has lost its tail calls; build it with the feature `loop-dispatch`");
        }
        Self {
            inner: Arc::new(Inner {
                config,
                registry: Arc::default(),
            }),
        }
    }

    /// Whether two handles are of the same engine.
    pub fn same(a: &Self, b: &Self) -> bool {
        Arc::ptr_eq(&a.inner, &b.inner)
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }

    pub(crate) fn settings(&self) -> Settings {
        let config = self.config();
        Settings {
            features: config.features,
            fuel: config.fuel,
            eager: config.eager,
        }
    }

    /// An error unless the other engine is this one.
    pub(crate) fn check(&self, other: &Self) -> Result<(), Error> {
        match Self::same(self, other) {
            true => Ok(()),
            false => Err(Misuse::WrongEngine.into()),
        }
    }
}
