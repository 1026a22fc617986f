//! Templates for who has none, as the files of `templates/`; what lies in a user's directory is used instead.

/// The bundled templates by name. All of them render with what [`Variables`](crate::Variables) gives: `enlist` without a
/// machine, `commissioning` and `curtin` with one, the others with an installation too.
pub const BUNDLED: [(&str, &str); 8] = [
    ("autoinstall", include_str!("../templates/autoinstall")),
    ("autoyast", include_str!("../templates/autoyast")),
    ("commissioning", include_str!("../templates/commissioning")),
    ("curtin", include_str!("../templates/curtin")),
    ("curtin_userdata", include_str!("../templates/curtin_userdata")),
    ("debian_preseed", include_str!("../templates/debian_preseed")),
    ("enlist", include_str!("../templates/enlist")),
    ("kickstart", include_str!("../templates/kickstart")),
];

/// The text of a bundled template.
///
/// ```
/// use firstlight_preseed::{Context, Template, Variables, bundled};
/// let enlist = Template::parse("enlist", bundled("enlist").unwrap())?;
/// let variables = Variables { preseed_data: "#cloud-config\n", ..Variables::default() };
/// assert_eq!(enlist.render(&Context::from(&variables))?, "#cloud-config\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn bundled(name: &str) -> Option<&'static str> {
    BUNDLED.into_iter().find(|(known, _)| *known == name).map(|(_, text)| text)
}
