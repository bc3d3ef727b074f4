//! What holds for the whole arm, with real processes and real time: one file per fault, one per
//! promise of conformance.
//!
//! The one rule: each test runs in a process and a ROS domain of its own (`cargo xtask test` sees to
//! it); what it starts, it ends.

mod cell_stations;
mod chaos_01_control_killed;
mod chaos_02_control_killed_with_standby;
mod chaos_03_holder_frozen;
mod chaos_04_hand_over;
mod chaos_05_bad_successor;
mod chaos_06_two_controllers;
mod chaos_07_motion_killed;
mod chaos_08_thermal_killed;
mod chaos_09_overload;
mod chaos_10_sensor_silent;
mod chaos_11_feedback_silent;
mod chaos_12_feedback_frozen;
mod chaos_13_joint_driver_killed;
mod chaos_14_bus_lost;
mod chaos_15_bus_unreliable;
mod chaos_16_partition;
mod chaos_17_recorder_killed;
mod chaos_18_recorder_disk_full;
mod chaos_19_malformed_commands;
mod chaos_20_malformed_frames;
mod chaos_21_rogue_commands;
mod chaos_22_parameters;
mod chaos_23_crash_loop;
mod chaos_24_supervisor_killed;
mod chaos_25_starved;
mod chaos_26_wall_clock;
mod chaos_27_slow_consumer;
mod chaos_28_station_joins;
mod chaos_29_all_killed;
mod chaos_30_campaign;
mod chaos_31_joint_state_killed;
mod chaos_33_planning_killed;
mod composition_one_process;
mod conformance_api;
mod conformance_bad_start;
mod conformance_dashboard;
mod conformance_jtc;
mod conformance_python_drive;
mod conformance_python_master;
mod conformance_rclpy_client;
mod conformance_ros2_cli;
mod conformance_table;
mod conformance_views;
mod heat;
mod planning_jog;
mod planning_move_to;
mod planning_two_arms;
mod recordings;
mod stations;
mod strangers;
