//! Grants the lease, watches heartbeats, says when the arm may move
