#!/usr/bin/env python3
"""Station STATION_NAME: says what it can do, and does it when the cell asks. docs/stations.md tells the rules."""

import sys

from armature_station import PASS, GiveUp, Result, Station, main


class Template(Station):
    KIND = 'example'                      # what it is, for people
    CAPABILITIES = ['inspect_surface']    # what jobs call it by

    def work(self, order):
        """Looks after one part. Runs in a thread of its own; heartbeats go on meanwhile."""
        order.progress(0.5, 'measuring')
        width = order.number('expected_width', 0.04)    # a parameter that jobs may give
        if width <= 0.0:
            raise GiveUp(f'a part cannot be {width} m wide')
        order.check()                                   # ends here when nobody waits any more
        return Result(PASS, f'{order.part} is as wide as it should be', {'width': (width, 'm')})


if __name__ == '__main__':
    sys.exit(main(Template, 'STATION_NAME'))
