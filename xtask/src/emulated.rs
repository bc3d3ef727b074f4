//! A small emulated machine with a real kernel CAN bus, for `cargo xtask test --socketcan`.
//!
//! Rule: the machine sees this one's files read-only; only its job folder may be written. It has
//! no network, and ends with the exit code of its job.
//!
//! The host's kernel need not know CAN: the guest runs the distribution's own kernel under QEMU's
//! software emulation, with `vcan0` and two emulated SJA1000 controllers on one wire.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::paths;
use crate::prepare::system;
use crate::process::{Ending, output, run, run_limited};

/// Programs needed and the Debian packages that have them.
const PROGRAMS: [(&str, &str); 7] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("cpio", "cpio"),
    ("ip", "iproute2"),
    ("tc", "iproute2"),
    ("cansend", "can-utils"),
    ("zstd", "zstd"),
];

/// Kernel modules the guest needs, in the order in which they load.
const MODULES: [&str; 19] = [
    "virtio",
    "virtio_ring",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "netfs",
    "fscache",
    "9pnet",
    "9pnet_virtio",
    "9p",
    "can",
    "can-raw",
    "can-bcm",
    "can-dev",
    "vcan",
    "sja1000",
    "kvaser_pci",
    "sch_tbf",
    "can-gw",
];

/// First process of the guest: mounts, runs the job in the host's file system, powers off.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /bin; export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for pass in 1 2 3; do for module in $(cat /mod/order); do insmod /mod/$module 2>/dev/null; done; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro,cache=loose host /host
mount -t proc proc /host/proc; mount -t sysfs sys /host/sys; mount -t devtmpfs dev /host/dev
mkdir -p /host/dev/shm; mount -t tmpfs shm /host/dev/shm
mount -t 9p -o trans=virtio,version=9p2000.L job /host/mnt
ip link set lo up
chroot /host /bin/sh /mnt/job.sh; echo "JOBRC $?"; poweroff -f
"#;

/// Kernel and initial file system, made once per kernel version.
struct Machine {
    kernel: PathBuf,
    initrd: PathBuf,
}

/// Runs the shell lines `job` in the emulated machine; they find `binaries` copied to memory as
/// `/dev/shm/<name>`.
///
/// # Errors
/// When the machine cannot be made, does not end within `limit`, or the job fails.
pub fn run_job(job: &str, binaries: &[PathBuf], limit: Duration) -> Result<()> {
    ensure_programs()?;
    let machine = Machine::prepare()?;
    let folder = paths::target().join("emulated").join("job");
    fs::create_dir_all(&folder)?;
    let mut script = String::from("export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
    for binary in binaries {
        let name = binary.file_name().context("a binary without name")?.to_string_lossy();
        fs::copy(binary, folder.join(name.as_ref()))
            .with_context(|| format!("cannot copy {}", binary.display()))?;
        script += &format!("cp /mnt/{name} /dev/shm/{name}\n");
    }
    fs::write(folder.join("job.sh"), script + job)?;
    let mut code = None;
    let ending = run_limited(&mut machine.command(&folder), limit, |line| {
        let end = line.trim().strip_prefix("JOBRC ").and_then(|code| code.parse::<i32>().ok());
        code = end.or(code);
    })?;
    match (ending, code) {
        (_, Some(0)) => Ok(()),
        (_, Some(code)) => bail!("the job in the emulated machine failed with code {code}"),
        (Ending::TimedOut, None) => bail!("the emulated machine did not end within {limit:?}"),
        (Ending::Exited(status), None) => bail!("the emulated machine ended early: {status}"),
    }
}

fn ensure_programs() -> Result<()> {
    let absent = |program: &str| {
        let admin = Path::new("/usr/sbin").join(program);
        paths::on_path(program).is_none() && !admin.is_file()
    };
    let mut missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| absent(program))
        .map(|(_, package)| *package)
        .collect();
    missing.dedup();
    match missing.as_slice() {
        [] => Ok(()),
        packages if system::is_root() => system::install(packages),
        packages => {
            bail!("system packages are missing; run: sudo {}", system::install_line(packages))
        }
    }
}

impl Machine {
    fn prepare() -> Result<Self> {
        let packages = kernel_packages()?;
        let name = packages.first().context("no kernel package is known to apt")?;
        let folder = paths::cache().join(format!("emulated-{name}"));
        let machine = Self { kernel: folder.join("vmlinuz"), initrd: folder.join("initrd.img") };
        if !machine.initrd.is_file() {
            println!("Preparing an emulated machine with {name}");
            let scratch = folder.join("unpacked");
            fs::create_dir_all(&scratch)?;
            fetch(&packages, &folder, &scratch)?;
            machine.assemble(&scratch, &folder)?;
            fs::remove_dir_all(&scratch)?;
        }
        Ok(machine)
    }

    fn assemble(&self, unpacked: &Path, folder: &Path) -> Result<()> {
        let root = folder.join("root");
        for name in ["bin", "proc", "sys", "dev", "mod", "host"] {
            fs::create_dir_all(root.join(name))?;
        }
        let busybox = paths::on_path("busybox").context("busybox is not on PATH")?;
        fs::copy(busybox, root.join("bin").join("busybox"))?;
        fs::write(root.join("mod").join("order"), copy_modules(unpacked, &root.join("mod"))?)?;
        fs::write(root.join("init"), INIT)?;
        run(Command::new("chmod").arg("+x").arg(root.join("init")), "chmod")?;
        let kernel = find(unpacked, &|name| name.starts_with("vmlinuz"))
            .context("the kernel package has no vmlinuz")?;
        fs::copy(kernel, &self.kernel)?;
        let unfinished = folder.join("initrd.unfinished");
        let pack = format!(
            "cd '{}' && find . | cpio -o -H newc --quiet | gzip -1 > '{}'",
            root.display(),
            unfinished.display()
        );
        run(Command::new("sh").args(["-c", &pack]), "packing the initial file system")?;
        fs::rename(unfinished, &self.initrd)?;
        Ok(())
    }

    fn command(&self, job: &Path) -> Command {
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args("-M q35 -accel tcg -cpu max -m 1024 -smp 1 -nographic -no-reboot".split(' '));
        qemu.args("-nic none -vga none -icount shift=1".split(' '));
        qemu.arg("-kernel").arg(&self.kernel).arg("-initrd").arg(&self.initrd);
        qemu.args(["-append", "console=ttyS0 quiet panic=-1 mitigations=off"]);
        qemu.args(["-fsdev", "local,id=h,path=/,security_model=none,readonly=on,multidevs=remap"]);
        qemu.args(["-device", "virtio-9p-pci,fsdev=h,mount_tag=host"]);
        qemu.arg("-fsdev").arg(format!("local,id=j,path={},security_model=none", job.display()));
        qemu.args(["-device", "virtio-9p-pci,fsdev=j,mount_tag=job"]);
        qemu.args(["-object", "can-bus,id=wire"]);
        for _ in 0..2 {
            qemu.args(["-device", "kvaser_pci,canbus=wire"]);
        }
        qemu
    }
}

/// The packages of the distribution's newest kernel: image first, modules after it.
fn kernel_packages() -> Result<Vec<String>> {
    for meta in ["linux-image-amd64", "linux-image-generic"] {
        let depends = output(Command::new("apt-cache").args(["depends", meta])).unwrap_or_default();
        let mut packages: Vec<String> = depends
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "))
            .filter(|name| name.starts_with("linux-image-") || name.starts_with("linux-modules-"))
            .map(str::to_owned)
            .collect();
        packages.sort();
        let Some(image) = packages.first() else { continue };
        if meta == "linux-image-generic" {
            packages.push(image.replace("linux-image-", "linux-modules-"));
        }
        return Ok(packages);
    }
    bail!("apt knows neither linux-image-amd64 nor linux-image-generic; run: apt-get update")
}

fn fetch(packages: &[String], folder: &Path, unpacked: &Path) -> Result<()> {
    for package in packages {
        let mut apt = Command::new("apt-get");
        apt.args(["download", "-qq", package]).current_dir(folder);
        run(&mut apt, &format!("downloading {package}"))?;
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(&path).arg(unpacked), "unpacking")?;
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Copies the modules there are, and returns their file names in load order.
fn copy_modules(unpacked: &Path, to: &Path) -> Result<String> {
    let mut order = String::new();
    for module in MODULES {
        let plain = module.replace('_', "-");
        let is_it = |name: &str| {
            name.split_once(".ko").is_some_and(|(stem, _)| stem.replace('_', "-") == plain)
        };
        let Some(found) = find(unpacked, &is_it) else { continue };
        let name = format!("{module}.ko");
        copy_module(&found, &to.join(&name))?;
        order += &(name + "\n");
    }
    if !order.contains("vcan.ko") {
        bail!("the kernel package has no module vcan");
    }
    Ok(order)
}

fn copy_module(from: &Path, to: &Path) -> Result<()> {
    match from.extension().and_then(|extension| extension.to_str()) {
        Some("zst") => run(
            Command::new("zstd").args(["-dqf"]).arg(from).arg("-o").arg(to),
            "unpacking a module",
        ),
        Some("xz") => {
            let text = format!("xz -dc '{}' > '{}'", from.display(), to.display());
            run(Command::new("sh").args(["-c", &text]), "unpacking a module")
        }
        _ => Ok(fs::copy(from, to).map(drop)?),
    }
}

/// The first file below `folder` whose name is wanted.
fn find(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    let file = entries.iter().find(|path| {
        path.is_file() && path.file_name().is_some_and(|name| wanted(&name.to_string_lossy()))
    });
    file.cloned().or_else(|| {
        let folders = entries.iter().filter(|path| path.is_dir() && !path.is_symlink());
        folders.into_iter().find_map(|path| find(path, wanted))
    })
}
