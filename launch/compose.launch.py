"""Puts nodes of nodes.launch.xml together into processes, as launch argument `groups` says.

The rule: what a node is told stands in nodes.launch.xml alone. Each node of a group is asked for the
command line that it would have as a process of its own, and the process `monolith` gets them all.

Included by arm.launch.xml when `groups` is not empty: commas within a group, semicolons between groups.
A word is the name of a node; or of a program, for all nodes that run it and are not named elsewhere; or
`all`, for all that are named nowhere but the simulated hardware. A node in no group is a process of its
own.
"""

import os

from launch import LaunchDescription, LaunchDescriptionEntity
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import AnyLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from launch_ros.actions import Node

PACKAGE = 'armature_nodes'
# Stand for hardware.
HARDWARE = ('can_hub', 'servo_sim')
ALL = 'all'
# Behind these stands a rule.
RULES = ('-r', '--remap', '-p', '--param')
# [s] before a process is started again, as for the nodes by themselves.
RESPAWN_DELAY = 0.2


def text(value, context):
    return perform_substitutions(context, normalize_to_list_of_substitutions(value))


def without_rules(words):
    """The words with = for := behind -r and -p: rcl would take a rule of one node for one of all."""
    behind = [''] + words[:-1]
    return [word.replace(':=', '=', 1) if flag in RULES else word
            for flag, word in zip(behind, words)]


class Member:
    """A node, and what it would be told as a process of its own."""

    def __init__(self, node, context):
        # What launch_ros.actions.Node does before it starts the process; its LifecycleNode calls it too.
        node._perform_substitutions(context)
        self.name = node.node_name.rsplit('/', 1)[-1]
        self.program = text(node.node_executable, context)
        rules = {'name': f'__node:={self.name}', 'ns': f'__ns:={node.expanded_node_namespace}'}
        context.extend_locals({'ros_specific_arguments': rules})
        words = [text(word, context) for word in node.cmd[1:]]
        self.arguments = without_rules([word for word in words if word != '--ros-args'])

    def words(self):
        """What may stand for it in `groups`, the closest first."""
        return [self.name, self.program] + ([] if self.program in HARDWARE else [ALL])


class Group:
    """Nodes that share a process."""

    def __init__(self, words):
        self.words = words
        self.unheard = set(words)
        self.members = []

    def process(self):
        arguments = [word for member in self.members
                     for word in ['--node', member.program] + member.arguments]
        return Node(package=PACKAGE, executable='monolith', arguments=arguments, output='both',
                    respawn=LaunchConfiguration('respawn'), respawn_delay=RESPAWN_DELAY)


def groups_of(words):
    """The groups that launch argument `groups` asks for; RuntimeError for a word that stands twice."""
    lists = [[word.strip() for word in group.split(',') if word.strip()]
             for group in words.split(';')]
    heard = [word for words in lists for word in words]
    for word in heard:
        if heard.count(word) > 1:
            raise RuntimeError(f'groups: {word!r} stands twice, and a node runs in one process')
    return [Group(words) for words in lists if words]


class Running(LaunchDescriptionEntity):
    """Something that was started already: launch has only to wait for it."""

    def __init__(self, entity):
        self.entity = entity

    def visit(self, context):
        return None

    def get_asyncio_future(self):
        return self.entity.get_asyncio_future()


class Composer:
    """Walks through a launch file as launch itself does, but keeps the nodes of groups back.

    A rehearsal keeps all nodes back: it is for knowing them before the first one starts.
    """

    def __init__(self, groups, context, rehearsal=False):
        self.groups = groups
        self.context = context
        self.rehearsal = rehearsal
        self.known = []
        self.running = []

    def walk(self, entity):
        if isinstance(entity, Node) and (self.keep_back(entity) or self.rehearsal):
            return
        children = entity.visit(self.context)
        if entity.get_asyncio_future() is not None:
            self.running.append(Running(entity))
        for child in children or []:
            self.walk(child)

    def keep_back(self, node):
        """Whether the node is left out here: it belongs to a group, or is not wanted at all."""
        if node.condition is not None and not node.condition.evaluate(self.context):
            return True
        if text(node.node_package, self.context) != PACKAGE:
            return False
        member = Member(node, self.context)
        self.known.append(member)
        for word in member.words():
            for group in self.groups:
                if word in group.words:
                    group.unheard.discard(word)
                    group.members.append(member)
                    return True
        return False

    def check(self):
        """RuntimeError for a word that means no node."""
        known = sorted({word for member in self.known for word in member.words()})
        for group in self.groups:
            for word in sorted(group.unheard):
                # All nodes of a program, or all there are, may be named one by one elsewhere.
                if word not in known:
                    raise RuntimeError(f'groups: no node or program {word!r} is started here; '
                                       f'there are {", ".join(known)}')


def nodes():
    path = os.path.join(os.path.dirname(__file__), 'nodes.launch.xml')
    return IncludeLaunchDescription(AnyLaunchDescriptionSource(path))


def compose(context):
    words = text(LaunchConfiguration('groups'), context)
    rehearsal = Composer(groups_of(words), context, rehearsal=True)
    rehearsal.walk(nodes())
    rehearsal.check()
    composer = Composer(groups_of(words), context)
    composer.walk(nodes())
    return composer.running + [group.process() for group in composer.groups if group.members]


def generate_launch_description():
    return LaunchDescription([OpaqueFunction(function=compose)])
