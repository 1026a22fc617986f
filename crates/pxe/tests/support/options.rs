//! The options of a packet, as a test writes them.

use std::borrow::Cow;

pub(crate) type Options<'a> = &'a [(u8, &'a [u8])];

pub(crate) fn find<'a>(options: Options<'a>) -> impl Fn(u8) -> Option<Cow<'a, [u8]>> {
    move |code| options.iter().find(|(other, _)| *other == code).map(|(_, value)| Cow::Borrowed(*value))
}
