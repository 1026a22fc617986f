//! From a wish to a script: the machine's curtin configuration, its disks and its firmware make a plan.

use firstlight_curtin_config::layout::Device;
use firstlight_curtin_config::{
    Config, Disk, Firmware, Problem, ShellOptions, Target, WriteFile, parse, plan, render_shell,
};

use crate::boot::{Boot, DEPLOY_FILE};
use crate::installer::{self, AnswersError};
use crate::model::{Deployment, Record};
use crate::preview::preview;
use crate::store::Credential;
use crate::templates::{Prefix, Subject, Templates, TemplatesError};
use crate::userdata::{self, UserData};

/// There is no installation for this machine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeploymentError {
    /// It was never commissioned.
    #[error("the disks of this machine are not known: commission it first")]
    NoInventory,
    /// The image is not there.
    #[error(
        "there is no image `{0}` to deploy: an image is OSYSTEM/RELEASE below images_dir, with a {DEPLOY_FILE}, or an \
         installer of the configuration's [os]"
    )]
    NoImage(String),
    /// The curtin configuration has errors, or does not fit the machine.
    #[error("the curtin configuration does not fit this machine: {}", list(.0))]
    Problems(Vec<Problem>),
    /// A template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplatesError),
    /// An installer's answers cannot be used.
    #[error(transparent)]
    Answers(#[from] AnswersError),
    /// An installer is given what only an image takes.
    #[error("{installer} is an installer: it takes no {what}")]
    NotTaken {
        /// The installer.
        installer: String,
        /// A curtin configuration, or user-data.
        what: &'static str,
    },
}

/// How a machine is installed.
#[derive(Debug)]
pub struct Installation {
    /// For the ephemeral system to run.
    pub script: String,
    /// The block devices that there will be.
    pub devices: Vec<Device>,
}

/// The name of an image, and that it is there.
///
/// # Errors
///
/// When it is not.
pub fn image(boot: &Boot, os: Option<&str>) -> Result<String, DeploymentError> {
    let os = os.unwrap_or(boot.default_os());
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            && part != ".."
    };
    let whole = os.split('/').count() == 2 && os.split('/').all(part);
    if !whole || !boot.image_dir(os).join(DEPLOY_FILE).is_file() {
        return Err(DeploymentError::NoImage(os.to_owned()));
    }
    Ok(os.to_owned())
}

/// How `record`'s machine is installed.
///
/// `credential` is what the installed system will prove itself with.
///
/// # Errors
///
/// [`DeploymentError`], in the user's words.
pub async fn installation(
    boot: &Boot,
    record: &Record,
    firmware: Firmware,
    credential: &Credential,
) -> Result<Installation, DeploymentError> {
    let os = image(boot, record.deployment.as_ref().and_then(|deployment| deployment.os.as_deref()))?;
    let http_root = boot.policy().http_root();
    let target = target(record, firmware, &boot.image_url(&os, DEPLOY_FILE))?;
    let subject = Subject { record, os: &os, http_root: &http_root };
    let mut config = config(boot, boot.templates(), subject).await?;
    let datasource = UserData { templates: boot.templates(), subject, credential }.deployed()?;
    let mut file = WriteFile::new("/etc/cloud/cloud.cfg.d/90_firstlight.cfg", datasource);
    file.mode = 0o600;
    config.write_files.push(("firstlight-datasource".to_owned(), file));
    // The machine's life goes on only when the end of the installation has been told of, and the server sees to that.
    config.power_state = None;
    config.kexec = None;
    let plan = plan(&config, &target).map_err(DeploymentError::Problems)?;
    Ok(Installation { script: render_shell(&plan, &ShellOptions::default()), devices: plan.layout.devices() })
}

/// Whether `record`'s machine could be installed as it is: what can be known before it boots. The name of what it gets.
///
/// # Errors
///
/// [`DeploymentError`], in the user's words.
pub async fn check(
    boot: &Boot,
    record: &Record,
    wish: &Deployment,
    keys: &[String],
) -> Result<String, DeploymentError> {
    let mut wished = record.clone();
    wished.deployment = Some(wish.clone());
    if let Some((name, installer)) = wish.os.as_deref().and_then(|name| Some((name, boot.installer(name)?))) {
        for (what, given) in [("curtin configuration", &wish.curtin), ("user-data", &wish.user_data)] {
            if given.is_some() {
                return Err(DeploymentError::NotTaken { installer: name.to_owned(), what });
            }
        }
        installer::preview(boot, &boot.templates().strict(), &wished, installer, keys).await?;
        return Ok(name.to_owned());
    }
    let os = image(boot, wish.os.as_deref())?;
    let firmware = match record.inventory.as_ref().and_then(|inventory| inventory.firmware.as_deref()) {
        Some("uefi") => Firmware::Uefi,
        _ => Firmware::Bios,
    };
    let target = target(&wished, firmware, &boot.image_url(&os, DEPLOY_FILE))?;
    let (templates, http_root) = (boot.templates().strict(), boot.policy().http_root());
    let subject = Subject { record: &wished, os: &os, http_root: &http_root };
    preview(boot, &templates, subject, Prefix::Curtin).await?;
    plan(&config(boot, &templates, subject).await?, &target).map_err(DeploymentError::Problems)?;
    Ok(os)
}

async fn config(boot: &Boot, templates: &Templates, subject: Subject<'_>) -> Result<Config, DeploymentError> {
    let wished = subject.record.deployment.as_ref().and_then(|deployment| deployment.curtin.clone());
    let text = match wished {
        Some(text) => text,
        None => default_curtin(boot, templates, subject).await?,
    };
    let parsed = parse(&text);
    if parsed.has_errors() {
        return Err(DeploymentError::Problems(parsed.problems.into_iter().filter(Problem::is_error).collect()));
    }
    Ok(parsed.config)
}

/// The curtin configuration of a machine whose user gave none.
///
/// # Errors
///
/// When the template cannot be used.
pub async fn default_curtin(
    boot: &Boot,
    templates: &Templates,
    subject: Subject<'_>,
) -> Result<String, TemplatesError> {
    userdata::default_curtin(templates, &subject, &boot.image_url(subject.os, DEPLOY_FILE)).await
}

fn target(record: &Record, firmware: Firmware, image_url: &str) -> Result<Target, DeploymentError> {
    let inventory = record.inventory.as_ref().ok_or(DeploymentError::NoInventory)?;
    let disks = inventory
        .disks
        .iter()
        .map(|found| {
            let mut disk = Disk::new(&found.path, found.size);
            disk.serial.clone_from(&found.serial);
            disk.wwn.clone_from(&found.wwn);
            disk.sector_size = found.sector_size;
            disk
        })
        .collect();
    Ok(Target {
        firmware,
        disks,
        hostname: record.name.clone(),
        default_source: Some(firstlight_curtin_config::Source::from_uri(image_url)),
        // Two deployments of one machine must not share identities: the old disk may still be around.
        seed: format!("{}/{}", record.id, record.revision),
        ..Target::default()
    })
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
