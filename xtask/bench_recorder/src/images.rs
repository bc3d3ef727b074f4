//! A camera: images of one megabyte, numbered, at a steady rate, as a station of somebody else would
//! publish them.

use anyhow::Result;
use r2r::QosProfile;
use r2r::sensor_msgs::msg::Image;
use std::time::{Duration, Instant};

/// Topic of the images.
pub const TOPIC: &str = "/bench_camera/image_raw";
/// Pixels, one byte each: a megabyte.
const SIZE: (u32, u32) = (1_250, 800);
/// Images per second for 50 MB/s, Hz.
pub const RATE: f64 = 50.0;

/// Bytes of the pixels of one image.
#[must_use]
pub fn bytes() -> f64 {
    f64::from(SIZE.0) * f64::from(SIZE.1)
}

/// Publishes until it is ended.
pub fn publish(rate: f64) -> Result<()> {
    let mut node = r2r::Node::create(r2r::Context::create()?, "bench_camera", "")?;
    let qos = QosProfile::default().reliable().keep_last(10);
    let publisher = node.create_publisher::<Image>(TOPIC, qos)?;
    let data = (0..bytes() as usize).map(|pixel| (pixel * 31 % 251) as u8).collect();
    let (width, height) = SIZE;
    let mut image = Image {
        width,
        height,
        step: width,
        encoding: "mono8".to_owned(),
        data,
        ..Image::default()
    };
    let (begin, period) = (Instant::now(), 1.0 / rate);
    for number in 0_u64.. {
        let due = begin + Duration::from_secs_f64(number as f64 * period);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        image.header.frame_id = number.to_string();
        publisher.publish(&image)?;
        node.spin_once(Duration::ZERO);
    }
    Ok(())
}
