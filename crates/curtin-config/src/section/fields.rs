//! Structs whose fields are the keys of a mapping: one list says how each is named, read and written.

/// Declares such a struct, with `KEYS`, `take` and `put`.
///
/// The kinds are those of [`Keys`](super::Keys): `text`, `flag`, `switch`, `number`, `words`, `mapping`, and `node` and
/// `nodes` for what is kept as it stands there. `(Other)` is a mapping with the keys of `Other`, and `[Other]` a list of them.
macro_rules! fields {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $kind:tt = $key:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $($(#[$about])* pub $field: $crate::section::fields::kind!($kind),)*
            /// Everything else.
            pub rest: $crate::value::Mapping,
        }

        impl $name {
            /// The keys, in the order of the fields.
            pub const KEYS: &'static [&'static str] = &[$($key),*];

            /// What stands there, but for `rest`, which belongs to whoever knows all keys.
            pub(crate) fn take(keys: &mut $crate::section::Keys<'_>) -> Self {
                Self {
                    $($field: $crate::section::fields::take!(keys, $kind, $key),)*
                    rest: $crate::value::Mapping::default(),
                }
            }

            pub(crate) fn read(mut keys: $crate::section::Keys<'_>) -> Self {
                let section = Self::take(&mut keys);
                Self { rest: keys.rest(), ..section }
            }

            pub(crate) fn put(&self, entries: &mut $crate::entries::Entries) {
                $($crate::section::fields::put!(entries, $kind, $key, self.$field);)*
                entries.rest(&self.rest);
            }

            pub(crate) fn to_node(&self) -> $crate::value::Node {
                let mut entries = $crate::entries::Entries::new();
                self.put(&mut entries);
                entries.node()
            }
        }
    };
}

macro_rules! kind {
    (text) => { Option<String> };
    (flag) => { Option<bool> };
    (switch) => { Option<bool> };
    (number) => { Option<u64> };
    (words) => { Vec<String> };
    (mapping) => { $crate::value::Mapping };
    (node) => { Option<$crate::value::Node> };
    (nodes) => { Vec<$crate::value::Node> };
    (($name:ident)) => { Option<$name> };
    ([$name:ident]) => { Vec<$name> };
}

macro_rules! take {
    ($keys:ident, text, $key:literal) => {
        $keys.text($key)
    };
    ($keys:ident, flag, $key:literal) => {
        $keys.flag($key)
    };
    ($keys:ident, switch, $key:literal) => {
        $keys.switch($key)
    };
    ($keys:ident, number, $key:literal) => {
        $keys.number($key)
    };
    ($keys:ident, words, $key:literal) => {
        $keys.words($key).unwrap_or_default()
    };
    ($keys:ident, mapping, $key:literal) => {
        $keys.mapping($key).unwrap_or_default()
    };
    ($keys:ident, node, $key:literal) => {
        $keys.get($key).cloned()
    };
    ($keys:ident, nodes, $key:literal) => {
        $keys.nodes($key)
    };
    ($keys:ident, ($name:ident), $key:literal) => {
        $keys.section($key, $name::read)
    };
    ($keys:ident, [$name:ident], $key:literal) => {
        $keys.sections($key, $name::read)
    };
}

macro_rules! put {
    ($entries:ident, text, $key:literal, $value:expr) => {
        $entries.text($key, $value.as_deref())
    };
    ($entries:ident, flag, $key:literal, $value:expr) => {
        $entries.choice($key, $value)
    };
    ($entries:ident, switch, $key:literal, $value:expr) => {
        $entries.choice($key, $value)
    };
    ($entries:ident, number, $key:literal, $value:expr) => {
        $entries.number($key, $value)
    };
    ($entries:ident, words, $key:literal, $value:expr) => {
        $entries.list($key, &$value)
    };
    ($entries:ident, mapping, $key:literal, $value:expr) => {
        $entries.mapping($key, &$value)
    };
    ($entries:ident, node, $key:literal, $value:expr) => {
        $entries.node_at($key, $value.clone())
    };
    ($entries:ident, nodes, $key:literal, $value:expr) => {
        $entries.nodes($key, $value.clone())
    };
    ($entries:ident, ($name:ident), $key:literal, $value:expr) => {
        $entries.node_at($key, $value.as_ref().map($name::to_node))
    };
    ($entries:ident, [$name:ident], $key:literal, $value:expr) => {
        $entries.nodes($key, $value.iter().map($name::to_node).collect())
    };
}

pub(crate) use {fields, kind, put, take};
