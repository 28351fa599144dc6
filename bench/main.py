"""script/bench: measures footfall and its peers side by side. See --help."""

import argparse
import ctypes
import os
import re
import resource
import signal
import sys

import plan
from context import Context
from report import Report
from rounds import Run

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PR_SET_CHILD_SUBREAPER = 36
BUILD_FOLDER = os.path.join(ROOT, "build-bench")


def arguments():
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Measures footfall and its peers side by side, in turns, and writes "
        "bench.md, bench.json and charts. Without an option everything, within 30 minutes.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_const", const="quick", dest="plan",
                       help="the ratios that matter, within 2 minutes")
    which.add_argument("--growth", action="store_const", const="growth", dest="plan",
                       help="only how cost grows with workers, hosts and load")
    which.add_argument("--smoke", action="store_const", const="smoke", dest="plan",
                       help="a few seconds, to see that it runs at all")
    parser.add_argument("--only", metavar="PATTERN", type=re.compile,
                        help='a regular expression over "section/server"')
    parser.add_argument("--rounds", type=positive, metavar="N", help="rounds of every section")
    parser.add_argument("--seconds", type=positive, metavar="N",
                        help="seconds of load of every cell")
    parser.add_argument("--output", metavar="DIR", default=os.path.join(BUILD_FOLDER, "results"),
                        help="where the results go, by default build-bench/results")
    parser.add_argument("--plan", action="store_true", dest="only_plan",
                        help="say what would be measured and how long it takes")
    parser.set_defaults(plan="whole")
    return parser.parse_args()


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def say(text):
    print(text, flush=True)


def print_plan(sections):
    for section in sections:
        say(f"{section.title}: {len(section.servers)} servers, {section.rounds} rounds of "
            f"{section.seconds} s, about {section.expected_seconds():.0f} s")
    total = sum(section.expected_seconds() for section in sections)
    say(f"Together about {total / 60:.1f} minutes.")


def prepare_process():
    """Descriptors for 10,000 connections; orphans of servers become children of this process; an
    end by signal ends what was started."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def interrupted(number, _):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # one is enough: the ending takes a moment
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)


def write_charts(report, folder):
    try:
        import charts
    except ImportError:
        say("No charts: python3-matplotlib is not installed.")
        return
    charts.write(report, folder)


def main():
    options = arguments()
    sections = plan.choose(options.plan, options.only, options.rounds, options.seconds)
    print_plan(sections)
    if options.only_plan:
        return 0
    prepare_process()
    output = os.path.abspath(options.output)
    os.makedirs(output, exist_ok=True)
    footfall = os.environ.get("FOOTFALL_BINARY") or os.path.join(ROOT, "build", "footfall")
    if not os.access(footfall, os.X_OK):
        say(f"footfall is not built: there is no {footfall}")
        return 1
    with Context(BUILD_FOLDER, os.path.abspath(footfall)) as context:
        if context.pace is None:
            say("pace.c does not build: gcc is needed")
            return 1
        run = Run(context, say)
        for section in sections:
            run.section(section)
        report = Report(run, sections)
        report.write(output)
        write_charts(report, output)
    say("")
    say(report.markdown())
    say(f"Written: bench.md, bench.json and charts in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
