//! What a rendering may still spend. Everything that works or allocates in proportion to a template's data pays here.

use crate::{Limits, Problem};

#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    steps: u64,
    depth: u32,
}

impl Budget {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { limits, steps: 0, depth: 0 }
    }

    /// Pays for work on `size` bytes or items, beforehand.
    #[inline]
    pub(crate) fn charge(&mut self, size: usize) -> Result<(), Problem> {
        self.steps = self.steps.saturating_add(u64::try_from(size).unwrap_or(u64::MAX)).saturating_add(1);
        if self.steps > self.limits.steps {
            return Err(Problem::Limit { what: "steps", limit: self.limits.steps });
        }
        Ok(())
    }

    /// Goes one level down; [`leave`](Self::leave) comes back up.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(Problem::Limit { what: "nested operations", limit: self.limits.depth.into() });
        }
        Ok(())
    }

    pub(crate) const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    #[inline]
    pub(crate) fn output(&self, len: usize) -> Result<(), Problem> {
        if len > self.limits.output {
            let limit = u64::try_from(self.limits.output).unwrap_or(u64::MAX);
            return Err(Problem::Limit { what: "bytes of output", limit });
        }
        Ok(())
    }
}
