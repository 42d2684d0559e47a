//! The engine: a configuration, the types and the cache of its modules.

pub(crate) mod config;
pub(crate) mod fuel;

use core::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::api::module::{Content, Module};
use crate::compile::Settings;
use crate::error::{CompilationError, Error, Misuse};
use crate::runtime::interrupt::Interrupts;
use crate::runtime::registry::Registry;
use crate::runtime::stack::Stacks;
use crate::support::cache::{Cache, CacheStats, Format};
use config::Config;

/// A configuration and the types that modules have in common: modules are compiled for an engine.
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
    stacks: Arc<Stacks>,
    /// An engine has its own cache, so that its modules were compiled with this configuration.
    cache: ModuleCache,
    epoch: Arc<AtomicU64>,
}

type ModuleCache = Cache<Arc<Content>, CompilationError>;

impl Default for Engine {
    /// An engine of the default configuration.
    fn default() -> Self {
        Self::with(Config::new(), Stacks::default())
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
    /// An engine of a configuration, given as a [`Config`], a reference to one, or an [`EngineConfig`](crate::EngineConfig).
    ///
    /// # Errors
    /// [`Misuse::StackTooLarge`] if no host can have a value stack as large as the configuration asks for.
    /// [`Misuse::LostTailCalls`] if the compiler that built this crate did not turn dispatch into jumps: a fault of the build, not of
    /// the configuration. An [`Engine::default`] of such a build compiles no module, for the same reason.
    pub fn new(config: impl Into<Config>) -> Result<Self, Error> {
        Self::check_build()?;
        let config = config.into();
        let stacks = Stacks::new(config.limits.stack_bytes).ok_or(Misuse::StackTooLarge)?;
        Ok(Self::with(config, stacks))
    }

    /// Makes sure that this build can run code without overflowing the host's stack. The check runs once in a process.
    pub(crate) fn check_build() -> Result<(), Error> {
        match crate::exec::dispatch_is_flat() {
            true => Ok(()),
            false => Err(Misuse::LostTailCalls.into()),
        }
    }

    fn with(config: Config, stacks: Stacks) -> Self {
        Self {
            inner: Arc::new(Inner {
                cache: Cache::new(config.cache),
                config,
                registry: Arc::default(),
                stacks: Arc::new(stacks),
                epoch: Arc::default(),
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

    /// Compiles a module given as text, or finds it in the cache.
    ///
    /// The cache is shared by all clones of the engine. A cache hit is confirmed by comparing all bytes, so a text never gets the module of
    /// another with the same hash. Of threads that ask for the same text at the same time, one compiles it and the others wait. Errors are
    /// not kept.
    ///
    /// ```
    /// use tickwasm::{Engine, Error, Module};
    ///
    /// let engine = Engine::default();
    /// let first = engine.compile_wat("(module)")?;
    /// let again = engine.compile_wat("(module)")?;
    /// assert!(Module::same(&first, &again));
    /// assert_eq!(engine.cache_len(), 1);
    /// assert!(matches!(engine.compile_wat("(modul)"), Err(Error::Compilation(_))));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Compilation`], with line and column, if it is not a valid module or needs a feature that is off, or if this crate was
    /// built without the feature `wat`.
    pub fn compile_wat(&self, text: &str) -> Result<Module, Error> {
        Module::cached(self, Format::Text, text.as_bytes())
    }

    /// Compiles a module given in the binary format, or finds it in the cache, as [`Engine::compile_wat`] does.
    ///
    /// # Errors
    /// [`Error::Compilation`], with the offset, if it is not a valid module or needs a feature that is off.
    pub fn compile_wasm(&self, binary: &[u8]) -> Result<Module, Error> {
        Module::cached(self, Format::Binary, binary)
    }

    /// How many modules the cache holds.
    pub fn cache_len(&self) -> usize {
        self.cache_stats().entries
    }

    /// Drops all modules from the cache. Modules that are in use elsewhere stay alive, but the next request compiles them again.
    pub fn clear_cache(&self) {
        self.inner.cache.clear();
    }

    /// Counts of what the cache has done since the engine was made, and of what it holds.
    ///
    /// ```
    /// use tickwasm::Engine;
    ///
    /// let engine = Engine::default();
    /// for text in ["(module)", "(module $other)", "(module)"] {
    ///     engine.compile_wat(text)?;
    /// }
    /// let stats = engine.cache_stats();
    /// assert_eq!((stats.hits, stats.misses, stats.entries), (1, 2, 2));
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    pub fn cache_stats(&self) -> CacheStats {
        self.inner.cache.stats()
    }

    /// The initial size, in pages of 64 KiB, of the memory of a program that a [`tape::Template`](crate::tape::Template) makes.
    pub fn initial_pages(&self) -> u32 {
        self.config().initial_pages
    }

    pub(crate) fn cache(&self) -> &ModuleCache {
        &self.inner.cache
    }

    /// Begins the next epoch, from any thread: calls in stores that reach their deadline by it stop, see
    /// [`Store::set_epoch_deadline`](crate::Store::set_epoch_deadline). The embedder decides how long an epoch is, such as a millisecond.
    pub fn increment_epoch(&self) {
        self.inner.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// The means to interrupt a store's execution, if the configuration has it.
    pub(crate) fn interrupts(&self) -> Option<Interrupts> {
        let interrupts = || Interrupts::new(self.inner.epoch.clone());
        self.config().interruptible.then(interrupts)
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }

    pub(crate) fn stacks(&self) -> &Arc<Stacks> {
        &self.inner.stacks
    }

    pub(crate) fn settings(&self) -> Settings {
        let config = self.config();
        Settings {
            features: config.features,
            fuel: config.fuel || config.interruptible,
            eager: config.eager,
            deterministic: config.deterministic,
        }
    }

    /// Returns an error unless the other engine is this one.
    pub(crate) fn check(&self, other: &Self) -> Result<(), Error> {
        match Self::same(self, other) {
            true => Ok(()),
            false => Err(Misuse::WrongEngine.into()),
        }
    }
}

#[cfg(all(test, feature = "wat"))]
mod tests {
    use super::*;

    #[test]
    fn cached_modules_do_not_keep_the_engine() {
        let engine = Engine::default();
        let inner = Arc::downgrade(&engine.inner);
        let module = engine.compile_wat("(module)");
        drop(engine);
        assert!(inner.upgrade().is_some());
        drop(module);
        assert!(inner.upgrade().is_none());
    }
}
