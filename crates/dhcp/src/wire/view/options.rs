//! The options of a received message: raw, joined and by type.

#[cfg(feature = "alloc")]
use alloc::{borrow::Cow, vec::Vec};
#[cfg(feature = "alloc")]
use core::net::Ipv4Addr;

use super::MessageRef;
use crate::option::{OptionError, TypedOption};
use crate::wire::{code::MessageType, lookup, option_code::OptionCode, options::Options};

impl<'a> MessageRef<'a> {
    /// Whether the message has DHCP's cookie, and so may have options.
    #[must_use]
    pub const fn has_cookie(&self) -> bool {
        self.options.is_some()
    }

    /// Whether `file` holds options (RFC 2131 §4.1).
    #[must_use]
    pub fn file_is_overloaded(&self) -> bool {
        self.options().overload() & 1 != 0
    }

    /// Whether `sname` holds options (RFC 2131 §4.1).
    #[must_use]
    pub fn sname_is_overloaded(&self) -> bool {
        self.options().overload() & 2 != 0
    }

    /// The raw options in wire order, without pad and end; the pieces of a split option one by one.
    #[inline]
    #[must_use]
    pub fn options(&self) -> Options<'a> {
        Options::new(self.option_field(), Some(self.header))
    }

    /// The option field, which begins behind the cookie; empty without one.
    pub(crate) fn option_field(&self) -> &'a [u8] {
        self.options.unwrap_or_default()
    }

    /// The pieces of an option in the order in which RFC 3396 joins them; one, unless the option is split or repeated.
    pub fn pieces(&self, code: OptionCode) -> impl Iterator<Item = &'a [u8]> + Clone + 'a + use<'a> {
        lookup::pieces(self.options(), code)
    }

    /// The first piece of an option: what to use for an option of fixed size, whose repetition is a mistake and not
    /// a continuation.
    #[must_use]
    pub fn first(&self, code: OptionCode) -> Option<&'a [u8]> {
        self.pieces(code).next()
    }

    /// The value of an option; pieces are joined (RFC 3396), which is the only case that copies.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn get(&self, code: OptionCode) -> Option<Cow<'a, [u8]>> {
        lookup::join(self.pieces(code))
    }

    /// An option by its type. `None` if it is not there.
    ///
    /// ```
    /// use firstlight_dhcp::{MessageRef, option::LeaseTime};
    ///
    /// # let mut datagram = [0; 246];
    /// # datagram[236..].copy_from_slice(&[99, 130, 83, 99, 51, 4, 0, 0, 14, 16]);
    /// let message = MessageRef::parse(&datagram)?;
    /// assert_eq!(message.typed::<LeaseTime>(), Some(Ok(LeaseTime(3600))));
    /// # Ok::<(), firstlight_dhcp::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// The option does not have its format, or it lies in several pieces: see [`OptionErrorKind::Split`](crate::OptionErrorKind::Split) and
    #[cfg_attr(feature = "alloc", doc = "[`MessageRef::typed_in`].")]
    #[cfg_attr(not(feature = "alloc"), doc = "[`MessageRef::pieces`].")]
    #[must_use]
    pub fn typed<T: TypedOption<'a>>(&self) -> Option<Result<T, OptionError>> {
        lookup::typed(self.pieces(T::CODE))
    }

    /// As [`MessageRef::typed`], with the pieces of a split option joined in `scratch`, whose content is lost.
    ///
    /// # Errors
    /// The option does not have its format.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn typed_in<'s, T: TypedOption<'s>>(&self, scratch: &'s mut Vec<u8>) -> Option<Result<T, OptionError>>
    where
        'a: 's,
    {
        lookup::typed_in(self.pieces(T::CODE), scratch)
    }

    /// Option 53; `None` in a BOOTP message, or if the first option 53 has not exactly one byte.
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        lookup::message_type(self.options())
    }

    /// The first option that ends outside its field, if one does. It is not among [`MessageRef::options`].
    #[must_use]
    pub fn truncated_option(&self) -> Option<OptionCode> {
        let mut options = self.options();
        options.by_ref().for_each(drop);
        options.truncated()
    }

    /// An option of exactly four bytes as an address.
    #[cfg(feature = "alloc")]
    pub(crate) fn ipv4(&self, code: OptionCode) -> Option<Ipv4Addr> {
        <[u8; 4]>::try_from(self.first(code)?).ok().map(Ipv4Addr::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OptionErrorKind;
    use crate::option::{DnsServers, LeaseTime, RebindingTime, RenewalTime, ServerIdentifier};
    use crate::wire::options::{FILE, FIXED, SNAME};
    use crate::wire::view::COOKIE;

    fn with_options(options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; FIXED];
        bytes[0] = 1;
        bytes[1] = 1;
        bytes[2] = 6;
        bytes.extend_from_slice(&COOKIE);
        bytes.extend_from_slice(options);
        bytes
    }

    #[test]
    fn a_message_without_cookie_has_no_options() {
        let mut bytes = vec![0; FIXED];
        bytes.extend_from_slice(&[53, 1, 1, 255, 0, 0]);
        let message = MessageRef::parse(&bytes).unwrap();
        assert_eq!((message.has_cookie(), message.message_type()), (false, None));
    }

    #[test]
    fn split_options_are_joined_when_not_adjacent() {
        let bytes = with_options(&[12, 2, b'a', b'b', 53, 1, 3, 12, 1, b'c', 255]);
        let message = MessageRef::parse(&bytes).unwrap();
        assert_eq!(message.get(OptionCode::HOST_NAME).as_deref(), Some(&b"abc"[..]));
        assert!(matches!(message.get(OptionCode::MESSAGE_TYPE), Some(Cow::Borrowed([3]))));
        assert_eq!(message.get(OptionCode::ROUTERS), None);
    }

    /// RFC 3396 §7: the pieces are joined in the order option field, file, sname.
    #[test]
    fn an_option_is_joined_across_the_overloaded_fields() {
        let mut bytes = with_options(&[12, 1, b'a', 52, 1, 3, 255]);
        bytes[SNAME][..4].copy_from_slice(&[12, 1, b'd', 255]);
        bytes[FILE][..7].copy_from_slice(&[12, 1, b'b', 12, 1, b'c', 255]);
        let message = MessageRef::parse(&bytes).unwrap();
        assert_eq!(message.get(OptionCode::HOST_NAME).as_deref(), Some(&b"abcd"[..]));
        assert!(message.pieces(OptionCode::HOST_NAME).eq([b"a", b"b", b"c", b"d"]));
        assert!(message.file_is_overloaded() && message.sname_is_overloaded());
    }

    #[test]
    fn without_option_52_the_fields_are_names() {
        let mut bytes = with_options(&[12, 1, b'a']);
        bytes[FILE][..3].copy_from_slice(&[12, 1, b'b']);
        let message = MessageRef::parse(&bytes).unwrap();
        assert_eq!(message.get(OptionCode::HOST_NAME).as_deref(), Some(&b"a"[..]));
        assert!(!message.file_is_overloaded() && !message.sname_is_overloaded());
    }

    #[test]
    fn typed_access_reads_one_piece_or_joins_several() {
        let split = with_options(&[6, 2, 1, 2, 12, 1, b'a', 6, 2, 3, 4, 51, 3, 0, 0, 1, 58, 4, 0, 0, 0, 9]);
        let message = MessageRef::parse(&split).unwrap();
        let mut scratch = b"before".to_vec();
        assert_eq!(message.typed::<RebindingTime>(), None);
        assert_eq!(message.typed::<RenewalTime>(), Some(Ok(RenewalTime(9))));
        assert_eq!(message.typed_in::<RenewalTime>(&mut scratch), Some(Ok(RenewalTime(9))));
        let error = message.typed::<LeaseTime>().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "option 51 (lease-time): expected 4 bytes, found 3");
        let error = message.typed::<DnsServers<'_>>().unwrap().unwrap_err();
        assert_eq!((error.code(), error.kind()), (OptionCode::DNS_SERVERS, OptionErrorKind::Split));
        let servers = message.typed_in::<DnsServers<'_>>(&mut scratch).unwrap().unwrap();
        assert!(servers.0.iter().eq([Ipv4Addr::new(1, 2, 3, 4)]));
    }

    #[test]
    fn a_cut_option_is_named_and_the_others_are_read() {
        let bytes = with_options(&[53, 1, 1, 12, 9, b'x']);
        let message = MessageRef::parse(&bytes).unwrap();
        assert_eq!(message.message_type(), Some(MessageType::DISCOVER));
        assert_eq!(message.truncated_option(), Some(OptionCode::HOST_NAME));
    }

    /// RFC 2132 §9.6: "The code for this option is 53, and its length is 1."
    #[test]
    fn only_a_well_formed_type_is_one_and_the_first_counts() {
        let message_type = |options: &[u8]| MessageRef::parse(&with_options(options)).unwrap().message_type();
        assert_eq!(message_type(&[53, 1, 3]), Some(MessageType::REQUEST));
        assert_eq!(message_type(&[53, 1, 3, 53, 1, 1]), Some(MessageType::REQUEST));
        assert_eq!(message_type(&[53, 0, 53, 1, 1]), None);
        assert_eq!(message_type(&[53, 2, 1, 1]), None);
        assert_eq!(message_type(&[]), None);
    }

    #[test]
    fn of_two_server_identifiers_the_first_counts() {
        let bytes = with_options(&[54, 4, 10, 0, 0, 1, 54, 4, 10, 0, 0, 2]);
        let message = MessageRef::parse(&bytes).unwrap();
        assert_eq!(message.first(OptionCode::SERVER_IDENTIFIER), Some(&[10, 0, 0, 1][..]));
        let error = message.typed::<ServerIdentifier>().unwrap().unwrap_err();
        assert_eq!(error.kind(), OptionErrorKind::Split);
    }

    /// A prefix of a message is a message with fewer options, or too short to be one.
    #[test]
    fn every_prefix_is_read_as_far_as_it_goes() {
        let bytes = with_options(&[53, 1, 1, 12, 2, b'a', b'b', 255]);
        for len in 0..=bytes.len() {
            let Ok(message) = MessageRef::parse(&bytes[..len]) else {
                assert!(len < FIXED);
                continue;
            };
            let expect = match len {
                0..243 => 0,
                243..247 => 1,
                _ => 2,
            };
            assert_eq!((message.options().count(), message.has_cookie()), (expect, len >= 240), "{len}");
        }
    }
}
