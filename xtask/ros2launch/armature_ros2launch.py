"""`ros2 launch` for a prefix that has no ros2launch package.

Same command line as the stock verb for what is used here:
    ros2 launch PACKAGE FILE [name:=value ...]
    ros2 launch PATH [name:=value ...]
with --show-args, --print-description, --debug and --noninteractive.
"""

import os
import sys
from collections import OrderedDict

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from ros2cli.command import CommandExtension

LAUNCH_ENDINGS = ('launch.py', 'launch.xml', 'launch.yaml', 'launch.yml')


def launch_files(package):
    """Paths of all launch files in the share folder of a package, by file name."""
    found = {}
    for folder, _, files in os.walk(get_package_share_directory(package)):
        for name in files:
            if name.endswith(LAUNCH_ENDINGS):
                found.setdefault(name, []).append(os.path.join(folder, name))
    return found


def find_launch_file(package, name):
    """The one launch file `name` of `package`; RuntimeError says what there is."""
    try:
        files = launch_files(package)
    except (PackageNotFoundError, ValueError):
        raise RuntimeError(f"package '{package}' not found; build it or source its install")
    paths = files.get(name, [])
    if len(paths) == 1:
        return paths[0]
    if paths:
        raise RuntimeError(f"'{name}' is several times in package '{package}': {paths}")
    known = ', '.join(sorted(files)) or 'none'
    raise RuntimeError(f"no launch file '{name}' in package '{package}'; it has: {known}")


def parse_launch_arguments(words):
    """`name:=value` words as a list of pairs; the last value of a name wins."""
    arguments = OrderedDict()
    for word in words:
        name, separator, value = word.partition(':=')
        if not separator or not name:
            raise RuntimeError(f"malformed launch argument '{word}', expected 'name:=value'")
        arguments[name] = value
    return list(arguments.items())


def show_arguments(description):
    """Prints every declared launch argument with its default and description."""
    arguments = description.get_launch_arguments()
    if not arguments:
        print('No arguments.')
        return
    print('Arguments (pass arguments as \'<name>:=<value>\'):')
    for argument in arguments:
        print(f"\n    '{argument.name}':")
        text = argument.description or 'no description given'
        for line in text.splitlines():
            print(f'        {line}')
        if argument.choices:
            print(f'        One of: {argument.choices}')
        if argument.default_value is not None:
            parts = [part.describe() for part in argument.default_value]
            print(f"        (default: {' + '.join(parts)})")


def complete_package_or_path(prefix, parsed_args=None, **_):
    """Packages and, in this folder, launch files."""
    from argcomplete.completers import FilesCompleter
    from ros2pkg.api import get_package_names
    return list(get_package_names()) + list(FilesCompleter(LAUNCH_ENDINGS)(prefix))


def complete_file_or_argument(prefix, parsed_args, **_):
    """Launch files of the package, or arguments of the launch file given as a path."""
    first = parsed_args.package_name
    if os.path.isfile(first):
        return argument_words(first)
    try:
        return sorted(launch_files(first))
    except (PackageNotFoundError, ValueError):
        return []


def complete_argument(prefix, parsed_args, **_):
    """Arguments of the launch file chosen so far."""
    first, second = parsed_args.package_name, parsed_args.launch_file_name
    try:
        path = first if os.path.isfile(first) else find_launch_file(first, second)
    except RuntimeError:
        return []
    return argument_words(path)


def argument_words(path):
    return [f'{argument.name}:=' for argument in load(path).get_launch_arguments()]


def load(path):
    from launch.launch_description_sources import AnyLaunchDescriptionSource
    from launch.launch_context import LaunchContext
    return AnyLaunchDescriptionSource(path).get_launch_description(LaunchContext())


def run(path, arguments, *, debug, noninteractive):
    """Launches `path` and runs until all processes ended; the exit code."""
    import launch
    from launch.actions import IncludeLaunchDescription
    from launch.launch_description_sources import AnyLaunchDescriptionSource

    service = launch.LaunchService(argv=[f'{k}:={v}' for k, v in arguments],
                                   noninteractive=noninteractive, debug=debug)
    include = IncludeLaunchDescription(AnyLaunchDescriptionSource(path),
                                       launch_arguments=arguments)
    service.include_launch_description(launch.LaunchDescription([include]))
    return service.run()


class LaunchCommand(CommandExtension):
    """Run a launch file."""

    def add_arguments(self, parser, cli_name):
        parser.add_argument('-n', '--noninteractive', action='store_true',
                            default=not sys.stdin.isatty(),
                            help='Run without a terminal to read from')
        parser.add_argument('-d', '--debug', action='store_true',
                            help='Put the launch system in debug mode')
        parser.add_argument('-p', '--print', '--print-description', action='store_true',
                            dest='print_description',
                            help='Print the launch description without running it')
        parser.add_argument('-s', '--show-args', '--show-arguments', action='store_true',
                            dest='show_args', help='Show the arguments of the launch file')
        first = parser.add_argument('package_name', help='Name of the ROS package, or a path')
        first.completer = complete_package_or_path
        second = parser.add_argument('launch_file_name', nargs='?',
                                     help='Name of the launch file')
        second.completer = complete_file_or_argument
        rest = parser.add_argument('launch_arguments', nargs='*',
                                   help="Arguments as '<name>:=<value>'")
        rest.completer = complete_argument

    def main(self, *, parser, args):
        path, words = self.chosen(parser, args)
        arguments = parse_launch_arguments(words)
        if args.show_args:
            return show_arguments(load(path))
        if args.print_description:
            from launch.introspection import format_launch_description
            print(format_launch_description(load(path)), end='')
            return None
        return run(path, arguments, debug=args.debug, noninteractive=args.noninteractive)

    @staticmethod
    def chosen(parser, args):
        """The launch file's path and the argument words."""
        first, second, words = args.package_name, args.launch_file_name, args.launch_arguments
        if os.path.isfile(first):
            return os.path.abspath(first), ([second] if second else []) + words
        if second is None:
            parser.error(f"there is no file '{first}'; as a package it needs a launch file name")
        return find_launch_file(first, second), words
