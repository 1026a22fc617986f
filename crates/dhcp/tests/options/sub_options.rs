//! The parts of options: each registered sub-option with a value, and what it must not be.

use firstlight_dhcp::{
    OptionCode, OptionValue,
    option::{NameOrAddress, SipServers},
};

#[track_caller]
fn shows(code: u8, bytes: &[u8], text: &str) {
    assert_eq!(OptionValue::parse(OptionCode(code), bytes).unwrap().to_string(), text);
}

/// A sub-option alone in its option.
#[track_caller]
fn sub_shows(code: u8, sub: u8, value: &[u8], text: &str) {
    let bytes = [&[sub, value.len() as u8], value].concat();
    shows(code, &bytes, text);
}

/// The registry "DHCP Relay Agent Sub-Option Codes", and the three that Cisco's relays use.
#[test]
fn relay_agent_information() {
    let shows = |sub, value: &[u8], text: &str| sub_shows(82, sub, value, text);
    shows(1, b"eth0", "circuit-id (1): \"eth0\"");
    shows(2, &[0, 1], "remote-id (2): 0x0001");
    shows(4, &[0, 0, 0, 1], "docsis-device-class (4): 1");
    shows(5, &[10, 0, 0, 1], "link-selection (5): 10.0.0.1");
    shows(6, b"customer", "subscriber-id (6): customer");
    shows(
        8,
        &[1, 0, 0, 0, 0, 0, 0, 0, 0, 7, 10, 0, 0, 1, 0xaa],
        "authentication (8): algorithm 1, replay method 0, replay detection 0x0000000000000007, \
         relay identifier 167772161, information 0xaa",
    );
    shows(9, &[0, 0, 13, 233, 3, 1, 1, 2], "vendor-specific (9): enterprise (3561): 1: 0x02");
    shows(10, &[0x80], "relay-agent-flags (10): 0x80 unicast");
    shows(10, &[0], "relay-agent-flags (10): 0x00");
    shows(11, &[10, 0, 0, 1], "server-id-override (11): 10.0.0.1");
    shows(12, &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1], "relay-id (12): 00:03:00:01:02:00:00:00:00:01");
    shows(13, &[0, 3], "access-technology-type (13): reserved 0, type IEEE 802.3 (3)");
    shows(14, b"wifi", "access-network-name (14): wifi");
    shows(15, b"ap-1", "access-point-name (15): ap-1");
    shows(16, &[2, 0, 0, 0, 0, 1], "access-point-bssid (16): 0x020000000001");
    shows(17, &[0, 0, 13, 233], "operator-id (17): 3561");
    shows(18, b"example.com", "operator-realm (18): example.com");
    shows(19, &[], "source-port (19): true");
    shows(150, &[10, 0, 0, 1], "cisco-link-selection (150): 10.0.0.1");
    shows(151, b"\x00blue", "virtual-subnet (151): blue");
    shows(151, &[1, 0, 0, 5, 0, 0, 0, 9], "virtual-subnet (151): 0x00000500000009");
    shows(151, &[255], "virtual-subnet (151): global");
    shows(152, &[], "virtual-subnet-control (152): true");
    shows(152, &[10, 0, 0, 1], "virtual-subnet-control (152): 10.0.0.1");

    let malformed = |sub, value: &[u8], text: &str| shows(sub, value, &format!("{sub}: malformed: {text}"));
    malformed(4, &[0; 5], "expected 4 bytes, found 5");
    malformed(8, &[0; 13], "relay identifier needs 4 bytes, found 3");
    malformed(9, &[0, 0, 0, 1, 2, 0], "vendor's data needs 2 bytes, found 1");
    malformed(10, &[], "expected 1 byte, found 0");
    malformed(12, &[0, 3], "expected at least 3 bytes, found 2");
    malformed(13, &[3], "expected 2 bytes, found 1");
    malformed(16, &[0; 7], "expected 6 bytes, found 7");
    malformed(17, &[0; 3], "expected 4 bytes, found 3");
    malformed(19, &[0, 67], "expected 0 bytes, found 2");
    malformed(151, &[1, 0, 0, 5], "expected 8 bytes, found 4");
    malformed(151, &[255, 0], "expected 1 byte, found 2");
    malformed(152, &[10, 0, 0], "override needs 4 bytes, found 3");
}

/// RFC 4014: attributes of RADIUS, which have lengths of their own.
#[test]
fn radius_attributes() {
    let shows = |value: &[u8], text: &str| sub_shows(82, 7, value, &format!("radius-attributes (7): {text}"));
    shows(b"\x01\x05abc", "user-name (1): abc");
    shows(&[6, 6, 0, 0, 0, 2], "service-type (6): 2");
    shows(&[26, 9, 0, 0, 13, 233, 1, 3, 7], "vendor-specific (26): enterprise (3561): 0x010307");
    shows(&[27, 6, 0, 0, 14, 16], "session-timeout (27): 3600 s");
    shows(b"\x58\x06pool\x64\x04v6", "framed-pool (88): pool; framed-ipv6-pool (100): v6");
    shows(&[25, 4, 1, 2], "25: 0x0102");
    // A malformed attribute spoils only itself.
    shows(
        b"\x1b\x05\x00\x00\x01\x01\x05abc",
        "session-timeout (27): malformed: expected 4 bytes, found 3; user-name (1): abc",
    );
    shows(&[26, 5, 0, 0, 1], "vendor-specific (26): malformed: enterprise number needs 4 bytes, found 3");
    shows(&[1, 2], "user-name (1): malformed: expected at least 1 byte, found 0");
    let shows = |value: &[u8], text: &str| sub_shows(82, 7, value, text);
    shows(&[1, 1], "7: malformed: attribute length is 1, expected at least 2");
    shows(&[1, 4, 0], "7: malformed: attribute needs 2 bytes, found 1");
}

/// RFC 3495, 3594 and 3634.
#[test]
fn cablelabs() {
    let shows = |sub, value: &[u8], text| sub_shows(122, sub, value, text);
    shows(1, &[10, 0, 0, 1], "primary-dhcp-server (1): 10.0.0.1");
    shows(2, &[10, 0, 0, 1], "secondary-dhcp-server (2): 10.0.0.1");
    shows(3, b"\x00\x03lab\x00", "provisioning-server (3): lab");
    shows(3, &[1, 10, 0, 0, 1], "provisioning-server (3): 10.0.0.1");
    shows(3, &[1, 10, 0, 0, 1, 0], "3: malformed: expected 5 bytes, found 6");
    shows(3, &[2], "3: malformed: encoding is 2, expected 0 or 1");
    let backoff = [0, 0, 0, 100, 0, 0, 0, 2, 0, 0, 0, 10];
    shows(4, &backoff, "as-backoff (4): nominal timeout 100, maximum timeout 2, retries 10");
    shows(5, &backoff, "ap-backoff (5): nominal timeout 100, maximum timeout 2, retries 10");
    shows(5, &backoff[1..], "5: malformed: expected 12 bytes, found 11");
    shows(6, b"\x03LAB\x00", "kerberos-realm (6): LAB");
    shows(7, &[1], "ticket-granting-server (7): true");
    shows(8, &[10], "provisioning-timer (8): 10");
    shows(9, &[0, 3], "ticket-control (9): 0x0003 provisioning call-management");
    shows(10, &[10, 0, 0, 1, 10, 0, 0, 2], "kdc-servers (10): 10.0.0.1, 10.0.0.2");
}

/// RFC 4174: with the heartbeat flag, the first address is where heartbeats are sent, and a server has to follow.
#[test]
fn storage_name_servers() {
    let mut bytes = vec![0, 1, 0, 1, 0, 3, 0, 0, 0, 1, 224, 0, 0, 9, 10, 0, 0, 1];
    shows(
        83,
        &bytes,
        "functions 0x0001 enabled, discovery domain access 0x0001 enabled, administrative flags 0x0003 enabled \
         heartbeat, security 0x00000001 enabled, heartbeat 224.0.0.9, servers [10.0.0.1]",
    );
    bytes.truncate(14);
    let error = OptionValue::parse(OptionCode(83), &bytes).unwrap_err();
    assert_eq!(error.to_string(), "option 83 (isns): servers needs 4 bytes, found 0");
    bytes[5] = 1;
    assert!(OptionValue::parse(OptionCode(83), &bytes).is_ok());
}

/// RFC 9460 §2.2: keys of service parameters increase. What a parameter says is checked on its own.
#[test]
fn service_parameters() {
    let option = |parameters: &[u8]| {
        let instance = [&[0, 1, 3, 1, b'd', 0, 4, 10, 0, 0, 1], parameters].concat();
        [&[0, instance.len() as u8], &instance[..]].concat()
    };
    let start = "priority 1, name d, addresses [10.0.0.1], parameters ";
    let parameters = b"\x00\x01\x00\x06\x02h2\x02h3\x00\x07\x00\x08/q{?dns}\x00\x09\x00\x00";
    shows(162, &option(parameters), &format!("{start}[alpn (1): \"h2\", \"h3\"; dohpath (7): /q{{?dns}}; 9: 0x]"));
    shows(162, &option(&[]), &format!("{start}[]"));
    shows(162, &option(&[0, 3, 0, 1, 9]), &format!("{start}[port (3): malformed: expected 2 bytes, found 1]"));
    shows(
        162,
        &option(&[0, 1, 0, 2, 2, b'h']),
        &format!("{start}[alpn (1): malformed: service parameter needs 2 bytes, found 1]"),
    );
    for keys in [[3, 1], [3, 3]] {
        let error = OptionValue::parse(OptionCode(162), &option(&[0, keys[0], 0, 0, 0, keys[1], 0, 0])).unwrap_err();
        let expect = format!("service parameter key is {}, expected more than the key before it", keys[1]);
        assert_eq!(error.to_string(), format!("option 162 (encrypted-dns): {expect}"));
    }
}

/// RFC 3361: pointers of compressed names count from behind the encoding.
#[test]
fn sip_servers() {
    let names = b"\x00\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04";
    shows(120, names, "eng.apple.com, marketing.apple.com");
    let Ok(OptionValue::SipServers(SipServers(NameOrAddress::Name(list)))) = OptionValue::parse(OptionCode(120), names)
    else {
        panic!("names are not read as names");
    };
    assert_eq!(list.iter().count(), 2);
}

/// What iPXE's settings put into option 175.
#[test]
fn ipxe() {
    let shows = |sub, value: &[u8], text: &str| sub_shows(175, sub, value, text);
    shows(1, &[0xff], "priority (1): -1");
    shows(81, b"shell", "scriptlet (81): shell");
    shows(93, b"http://ca", "crosscert (93): http://ca");
    shows(177, &[7, 1], "bus-id (177): bus EFI (7), id 0x01");
    shows(188, b"\\loader.efi", "san-filename (188): \\loader.efi");
    shows(189, &[0x80], "san-drive (189): 128");
    shows(194, &[0, 0, 3, 232], "uid (194): 1000");
    shows(235, &[2, 0, 0], "version (235): 2.0.0");
    shows(177, &[1], "177: malformed: expected at least 2 bytes, found 1");
}

/// PXE 2.1 §2.2, in messages of PXE clients.
#[test]
fn pxe() {
    let option = |bytes: &[u8]| {
        let Ok(OptionValue::VendorSpecific(vendor)) = OptionValue::parse(OptionCode(43), bytes) else {
            panic!("{bytes:?}");
        };
        vendor.pxe().unwrap().to_string()
    };
    assert_eq!(
        option(&[1, 4, 224, 0, 1, 2, 2, 2, 6, 222, 3, 2, 6, 223, 4, 1, 2, 5, 1, 4, 255]),
        "mtftp-address (1): 224.0.1.2; mtftp-client-port (2): 1758; mtftp-server-port (3): 1759; \
         mtftp-timeout (4): 2; mtftp-delay (5): 4"
    );
    assert_eq!(
        option(&[6, 1, 3, 7, 4, 224, 11, 12, 13, 8, 10, 0, 1, 1, 10, 0, 0, 1, 0, 2, 0, 255]),
        "discovery-control (6): 0x03 no-broadcast no-multicast; discovery-multicast-address (7): 224.11.12.13; \
         boot-servers (8): type 1, addresses [10.0.0.1]; type 2, addresses []"
    );
    assert_eq!(
        option(b"\x09\x06\x00\x01\x03lab\x0a\x04\xffF8!\x47\x04\x00\x01\x80\x00"),
        "boot-menu (9): type 1, text lab; menu-prompt (10): timeout 255, text F8!; \
         boot-item (71): type 1, layer 32768"
    );
    assert_eq!(option(&[8, 3, 0, 1, 2]), "8: malformed: servers needs 8 bytes, found 0");
}
