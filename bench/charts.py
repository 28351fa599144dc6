"""The charts: SVG without a background, legible on a light and on a dark page, the same bytes for
the same figures."""

import os
import re

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot  # noqa: E402

INK = "#808890"  # on white and on black alike
COLOURS = {"footfall": "#2f9e6e", "ceiling": "#a06cd5", "nginx": "#3f86d9", "node": "#d9822b",
           "webdis": "#c9498b", "redis": "#d0504a"}
STYLE = {
    "svg.hashsalt": "footfall", "svg.fonttype": "none", "font.family": "sans-serif",
    "font.size": 10, "axes.spines.top": False, "axes.spines.right": False,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "axes.titlecolor": INK,
    "xtick.color": INK, "ytick.color": INK, "legend.frameon": False, "legend.labelcolor": INK,
    "grid.color": INK, "grid.alpha": 0.3, "lines.linewidth": 2, "figure.facecolor": "none",
    "axes.facecolor": "none", "savefig.transparent": True,
}
MARKS = "osD^vP*X"


def colour(server):
    return COLOURS.get(re.split("[-:]", server)[0].rstrip("0123456789"), INK)


class Charts:
    def __init__(self, report, folder):
        self.report = report
        self.folder = folder
        self.sections = {section.name: section for section in report.sections}

    def spread(self, section, server, figure):
        return self.report.figures.spread(section, server, figure)

    def title(self, server):
        return self.report.run.servers[server]["title"]

    def save(self, figure, name):
        path = os.path.join(self.folder, f"{name}.svg")
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None},
                       bbox_inches="tight")
        pyplot.close(figure)
        # Blanks at the ends of lines are matplotlib's.
        with open(path, encoding="utf-8") as file:
            lines = [line.rstrip() for line in file]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    # ---- bars

    def bars(self, section_name, figure_name, label, file_name, scale=1.0, above=None):
        """One bar for each server with the spread over the rounds; `above` is stacked on it."""
        section = self.sections.get(section_name)
        if not section:
            return
        measured = [
            (server, self.spread(section_name, server, figure_name)) for server in section.servers
        ]
        measured = [(server, spread) for server, spread in measured if spread]
        if not measured:
            return
        figure, axes = pyplot.subplots(figsize=(7.5, 0.8 + 0.34 * len(measured)))
        for row, (server, spread) in enumerate(measured):
            length = spread.median * scale
            axes.barh(row, length, color=colour(server), height=0.7)
            more = self.spread(section_name, server, above) if above else None
            if more:
                axes.barh(row, more.median * scale, left=length, color=COLOURS["redis"], height=0.7)
            axes.plot([spread.least * scale, spread.most * scale], [row, row], color=INK,
                      linewidth=1.2, marker="|")
            end = max(spread.most * scale, length + (more.median * scale if more else 0))
            text = number_text(length) + (f" + {number_text(more.median * scale)}" if more else "")
            axes.annotate(text, (end, row), (5, 0), textcoords="offset points", va="center",
                          color=INK, fontsize=9)
        axes.set_yticks(range(len(measured)), [self.title(server) for server, _ in measured])
        axes.invert_yaxis()
        axes.set_xlabel(label)
        axes.set_title(section.title, loc="left")
        axes.margins(x=0.12)
        axes.set_xlim(left=0)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        self.save(figure, file_name)

    # ---- lines

    def lines(self, series, title, x_label, y_label, file_name, logarithmic=""):
        """`series` is a list of (server, label, [(x, spread)]); `logarithmic` names axes."""
        series = [(server, label, points) for server, label, points in series if len(points) > 1]
        if not series:
            return
        figure, axes = pyplot.subplots(figsize=(7.5, 4))
        used = set()
        for index, (server, label, points) in enumerate(series):
            tone = colour(server)
            style = "--" if tone in used else "-"
            used.add(tone)
            x = [point[0] for point in points]
            axes.plot(x, [point[1].median for point in points], style, label=label, color=tone,
                      marker=MARKS[index % len(MARKS)], markersize=5)
            axes.fill_between(x, [point[1].least for point in points],
                              [point[1].most for point in points], color=tone, alpha=0.15,
                              linewidth=0)
        if "x" in logarithmic:
            axes.set_xscale("log")
        if "y" in logarithmic:
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
        ticks = sorted({point[0] for _, _, points in series for point in points})
        axes.set_xticks(ticks, [number_text(tick) for tick in ticks])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda value, _: number_text(value))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_title(title, loc="left")
        axes.grid()
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        self.save(figure, file_name)

    def points(self, sections, server_of, figure):
        found = []
        for x, section in sections:
            spread = self.spread(section, server_of(x), figure)
            if spread:
                found.append((x, spread))
        return found

    def over_connections(self):
        sections = [(count, f"keep-alive-{count}") for count in (1, 64, 256, 1000)]
        names = ("ceiling", "nginx", "nginx-lua-redis", "webdis", "node3", "footfall-redis",
                 "footfall-lmdb")
        series = [
            (name, self.title(name), self.points(sections, lambda _, name=name: name, "cpu_us"))
            for name in names if name in self.report.run.servers
        ]
        self.lines(series, "CPU for one request over connections", "connections",
                   "CPU µs/request, without Redis", "cpu-over-connections", logarithmic="xy")

    def over_keys(self):
        section = self.sections.get("many-keys")
        servers = section.servers if section else ()
        names = dict.fromkeys(server.partition(":")[0] for server in servers)
        sections = [(count, "many-keys") for count in (1, 1000, 100000)]
        series = [
            (name, self.report.run.servers[f"{name}:1"]["kind"],
             self.points(sections, lambda x, name=name: f"{name}:{x}", "cpu_us"))
            for name in names if f"{name}:1" in self.report.run.servers
        ]
        self.lines(series, "CPU for one hit over keys that are hit at random, 64 connections", "keys",
                   "CPU µs/hit, without Redis", "cpu-over-keys", logarithmic="x")

    def over_workers(self):
        sections = [(count, f"workers-{count}") for count in (1, 2, 4)]
        series = [
            (name, label, self.points(sections, lambda x, name=name: f"{name}@{x}", "cpu_us"))
            for name, label in (("nginx", "nginx, constant"), ("node3", "Node cluster + Redis"),
                                ("footfall-redis", "footfall, Redis"))
        ]
        self.lines(series, "CPU for one request over workers, 64 connections", "workers",
                   "CPU µs/request, without Redis", "cpu-over-workers", logarithmic="y")

    def over_hosts(self):
        sections = [(count, f"hosts-{count}") for count in (1, 2, 3, 4)]
        series = [
            (server, label, self.points(sections, lambda _: "footfall-redis@1", figure))
            for server, label, figure in (
                ("footfall-redis", "footfall", "cpu_us"), ("redis", "Redis", "redis_cpu_us"))
        ]
        self.lines(series, "CPU for one request over footfalls on one Redis", "footfalls",
                   "CPU µs/request", "cpu-over-hosts")

    def over_load(self):
        rates = sorted(
            section.workload.rate for name, section in self.sections.items()
            if name.startswith("load-")
        )
        sections = [(rate, f"load-{rate}") for rate in rates]
        series = [
            (name, label,
             self.points(sections, lambda _, name=name: name, "commands_per_second"))
            for name, label in (("node3", "Node cluster + Redis"),
                                ("footfall-redis", "footfall, Redis"))
        ]
        self.lines(series, "Commands that Redis gets, over load", "requests/s", "commands/s",
                   "commands-over-load", logarithmic="x")


def number_text(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def write(report, folder):
    """Every chart for which there are figures."""
    with matplotlib.rc_context(STYLE):
        charts = Charts(report, folder)
        for section, name in (("keep-alive-64", "keep-alive"), ("pipelined", "pipelined"),
                              ("new-connections", "new-connections")):
            charts.bars(section, "requests_per_second", "requests/s", f"{name}-requests")
            charts.bars(section, "cpu_us", "CPU µs/request; red: Redis", f"{name}-cpu",
                        above="redis_cpu_us")
        charts.bars("keep-alive-64", "p99_us", "p99 in ms at saturation", "keep-alive-p99", 1e-3)
        charts.bars("rate-nginx", "p99_us", "p99 in ms at a constant rate", "rate-nginx-p99", 1e-3)
        charts.bars("rate-all", "p99_us", "p99 in ms at a constant rate", "rate-all-p99", 1e-3)
        charts.bars("idle-10000", "bytes_per_idle_connection",
                    "bytes of the server's own memory for an idle connection", "idle-memory")
        charts.over_connections()
        charts.over_keys()
        charts.over_workers()
        charts.over_hosts()
        charts.over_load()
