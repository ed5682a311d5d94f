//! What does an entry cost each node when there are more validators?

use tests::{
    cluster::{AGENCIES, Cluster},
    load::Load,
};

use super::{
    super::{
        Asked,
        closed::closed,
        figures::{Axis, Chart, Series, chart},
        report::machine,
    },
    Grid, say,
};

/// Agencies beyond the four that every cluster has, for sixteen.
const MORE: [&str; 12] = [
    "davlat",
    "ekologiya",
    "fuqaro",
    "geologiya",
    "hisob",
    "irrigatsiya",
    "jahon",
    "konchilik",
    "lotin",
    "madaniyat",
    "notarius",
    "orol",
];
const SIZES: [usize; 4] = [4, 7, 10, 16];
/// Connections and the entries of a bundle on each: 256 clients, and 4,096.
const LOADS: [(usize, usize); 2] = [(4, 64), (16, 256)];

pub(super) fn measure(asked: &Asked, command: &str) {
    let head = [
        "validators",
        "clients",
        "entries/s",
        "cluster CPU per entry",
        "CPU per entry and node",
        "to four validators",
        "p50",
        "p99",
    ];
    let mut grid = Grid::new(head.map(str::to_owned));
    let mut lines: Vec<Series> = LOADS
        .iter()
        .map(|(connections, bundle)| Series {
            name: format!("{} clients", connections * bundle),
            points: Vec::new(),
        })
        .collect();
    for size in SIZES {
        eprintln!("· {size} validators");
        let names: Vec<&str> = AGENCIES.into_iter().chain(MORE).take(size).collect();
        let mut cluster = Cluster::create_of(&names, 0, &[]);
        cluster.start_all();
        let load = Load::new(&cluster);
        for ((connections, bundle), line) in LOADS.into_iter().zip(&mut lines) {
            let found = closed(&cluster, &load, connections, bundle);
            let each = found.cpu_us / size as f64;
            line.points.push((size as f64, each));
            let (_, of_four) = line.points[0];
            eprintln!(
                "  {:.0} entries/s, {each:.0} µs per entry and node",
                found.rate
            );
            let row = [
                size.to_string(),
                (connections * bundle).to_string(),
                format!("{:.0}", found.rate),
                format!("{:.0} µs", found.cpu_us),
                format!("{each:.0} µs"),
                format!("{:.2}", each / of_four),
                format!("{:.0} ms", found.p50),
                format!("{:.0} ms", found.p99),
            ];
            grid.rows.push(row.to_vec());
        }
    }
    let mut body = grid.write();
    if let Some(page) = asked.write.as_deref() {
        let figure = Chart {
            title: "CPU of each node for an entry, over the number of validators".to_owned(),
            x: Axis {
                label: "validators",
                is_log: false,
            },
            y: Axis {
                label: "µs of CPU per entry and node",
                is_log: false,
            },
            series: lines,
        };
        body += &chart(page, "agencies", &machine(command), &figure);
    }
    say(asked, command, "agencies", &body);
}
