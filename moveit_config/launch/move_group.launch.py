"""MoveIt's move_group for an arm that runs already (ros2 launch armature_bringup arm.launch.xml)."""

from moveit_configs_utils import MoveItConfigsBuilder
from moveit_configs_utils.launches import generate_move_group_launch


def generate_launch_description():
    """Start move_group."""
    builder = MoveItConfigsBuilder("armature", package_name="armature_moveit_config")
    return generate_move_group_launch(builder.to_moveit_configs())
