//! Values that only a rendering makes: ranges, sets, functions and their like.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::expression::Lambda;
use crate::template::Def;
use crate::{Map, Value};

/// A value that only a rendering makes: a range, a set, a function. None can be built from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Arc<Made>);

#[derive(Debug, PartialEq)]
pub(crate) enum Made {
    Range(Range),
    /// `keys()`, `values()` or `items()` of a dictionary.
    View(View, Arc<Map>),
    /// Without duplicates, in the order of insertion.
    Set(Vec<Value>),
    /// What `zip`, `map` and their like give.
    Iterator(Items),
    /// `looper(items)`
    Looper(Arc<Vec<Value>>),
    /// The first of the two names in `for loop, item in looper(items)`.
    Turn(Arc<Vec<Value>>, usize),
    /// A function or type of the language.
    Function(&'static str),
    /// `value.name`, not called yet.
    Method(Value, Arc<str>),
    /// `str.upper` and its like: a method that takes its value as the first argument.
    TypeMethod(&'static str, Arc<str>),
    /// A method of something that the context describes: called without arguments, it gives this.
    Getter(Value),
    /// What a database relates something to: `all()` gives the second, everything else sees the first, a list of names.
    Relation(Value, Value),
    /// The name `escape`.
    Escape,
    /// A `def`, and the frame of names that it was written in.
    Macro(Arc<Def>, usize),
    /// A `lambda`, and the frame of names that it was written in.
    Lambda(Arc<Lambda>, usize),
    /// `self` in a template that another one inherits: the body and the `def`s of that one.
    Page(Arc<Map>),
    /// `self.get`: as `self`, but what is missing is empty.
    PageGet(Arc<Map>),
    /// What `self.get` gives for a missing name: false, without items, and itself when called.
    Empty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) step: i64,
}

/// Items that can be gone through once.
#[derive(Debug)]
pub(crate) struct Items {
    /// Python's name of what made them.
    pub(crate) kind: &'static str,
    items: Vec<Value>,
    next: AtomicUsize,
}

impl Items {
    pub(crate) const fn new(kind: &'static str, items: Vec<Value>) -> Self {
        Self { kind, items, next: AtomicUsize::new(0) }
    }

    pub(crate) fn next(&self) -> Option<Value> {
        self.items.get(self.next.fetch_add(1, Ordering::Relaxed)).cloned()
    }

    /// What is left.
    pub(crate) fn rest(&self) -> Vec<Value> {
        let from = self.next.swap(self.items.len(), Ordering::Relaxed);
        self.items.get(from..).unwrap_or_default().to_vec()
    }

    /// All of them, also those that are gone.
    pub(crate) fn all(&self) -> &[Value] {
        &self.items
    }
}

/// As in Python, an iterator equals nothing but itself.
impl PartialEq for Items {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Keys,
    Values,
    Items,
}

impl Object {
    pub(crate) fn made(&self) -> &Made {
        &self.0
    }

    /// True for the same function, or for what was made at the same time.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self.made(), other.made()) {
            (Made::Function(a), Made::Function(b)) => a == b,
            _ => Arc::ptr_eq(&self.0, &other.0),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match &*self.0 {
            Made::Range(_) => "a range",
            Made::View(..) => "a view of a dictionary",
            Made::Set(_) => "a set",
            Made::Iterator(..) => "an iterator",
            Made::Looper(_) => "a looper",
            Made::Turn(..) => "a loop position",
            Made::Function(_) | Made::Method(..) | Made::TypeMethod(..) | Made::Getter(_) | Made::Lambda(..) => {
                "a function"
            }
            Made::Relation(..) => "a list",
            Made::Escape => "`escape`",
            Made::Macro(..) => "a `def`",
            Made::Page(_) => "`self`",
            Made::PageGet(_) => "`self.get`",
            Made::Empty => "an empty block",
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        match &*self.0 {
            Made::Range(range) => range.len() > 0,
            Made::View(_, map) => !map.is_empty(),
            Made::Set(items) => !items.is_empty(),
            Made::Empty => false,
            _ => true,
        }
    }

    /// The number of items, where there is one.
    pub(crate) fn len(&self) -> Option<usize> {
        match &*self.0 {
            Made::Range(range) => Some(range.len()),
            Made::View(_, map) => Some(map.len()),
            Made::Set(items) => Some(items.len()),
            _ => None,
        }
    }
}

impl Value {
    /// Itself; of a relation, its names.
    pub(crate) fn plain(self) -> Self {
        match &self {
            Self::Object(object) if let Made::Relation(names, _) = object.made() => names.clone(),
            _ => self,
        }
    }
}

impl From<Made> for Value {
    fn from(made: Made) -> Self {
        Self::Object(Object(Arc::new(made)))
    }
}

impl Range {
    pub(crate) fn len(self) -> usize {
        let (start, end, step) = (i128::from(self.start), i128::from(self.end), i128::from(self.step));
        if step == 0 {
            return 0;
        }
        let len = (end - start + step - step.signum()) / step;
        usize::try_from(len.max(0)).unwrap_or(usize::MAX)
    }

    /// The number at a position below [`len`](Self::len).
    pub(crate) fn at(self, position: usize) -> i64 {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        self.start.saturating_add(position.saturating_mul(self.step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start: i64, end: i64, step: i64, expected: &[i64]) {
        let range = Range { start, end, step };
        let numbers: Vec<i64> = (0..range.len()).map(|at| range.at(at)).collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn ranges() {
        check(0, 3, 1, &[0, 1, 2]);
        check(0, 10, 4, &[0, 4, 8]);
        check(5, 0, -2, &[5, 3, 1]);
        check(3, 3, 1, &[]);
        check(3, 0, 1, &[]);
        assert_eq!(Range { start: i64::MIN, end: i64::MAX, step: 1 }.len(), usize::MAX);
    }
}
