"""Arguments that only a command can judge."""

from cli.wrong_input.case import Case
from cli.wrong_input.hints import FIGURE, LISTED, SMALL, TEMPLATE

ARGUMENTS = [
    Case("an unknown study", "run gird", 2, 'there is no study file "gird", did you mean "grid"?', LISTED),
    Case("a study that is nowhere", "check no/where.toml", 2, 'there is no study file "no/where.toml"', LISTED),
    Case("a directory for a study", "run sample", 2, '"sample" is no file', SMALL),
    Case("a device for a study", "run /dev/zero", 2, '"/dev/zero" is no file', SMALL),
    Case(
        "an unknown phase",
        "run right.toml --phase with --data sample",
        2,
        'the study "right" has no phase "with", did you mean "width"?',
        "its phases are width",
    ),
    Case(
        "too many seeds",
        "run right.toml --seeds 1001 --data sample",
        2,
        "training.seeds: found 1001, write a whole number from 1 to 1000",
        TEMPLATE,
    ),
    Case(
        "a name that is a path",
        "run right.toml --name ../grid --data sample",
        2,
        'name: found "../grid", write letters, digits and "._-", a letter or digit first',
        TEMPLATE,
    ),
    Case(
        "an unknown device",
        "run right.toml --device tpu --data sample",
        2,
        "--device tpu is no device",
        "write auto, cpu, cuda or cuda:0",
    ),
    Case(
        "a device without a number",
        "run right.toml --device cuda:x --data sample",
        2,
        "--device cuda:x is no device",
        "write auto, cpu, cuda or cuda:0",
    ),
    Case(
        "the published study without its files",
        "run published --data sample",
        2,
        "sample/SH600000.csv is missing",
        "is the directory the right one, and complete?",
    ),
    Case("a new study that is a path", "new ../mine", 2, "'../mine' is no name for a study", "a letter or digit first"),
    Case("a new study that is there", "new right", 2, "right.toml is there already", "choose another name"),
    Case("a sample that is there", "data sample sample", 2, "sample is there already", "choose another directory"),
    Case(
        "a sample below a file",
        "data sample right.toml/x",
        2,
        "right.toml/x cannot be written: File exists",
        "name another directory",
    ),
    Case(
        "an unknown instrument to check",
        "data check sample SH60000",
        2,
        "there is no instrument SH60000 in sample",
        "did you mean SH600000 or SH000300?",
    ),
    Case(
        "an unknown instrument to plot",
        "data plot sample SH60000",
        2,
        "there is no instrument SH60000 in sample",
        "did you mean SH600000 or SH000300?",
    ),
    Case(
        "days to plot after the last",
        "data plot sample SH600000 --from 2030-01-01",
        2,
        "2030-01-01 to 2018-12-28 lies outside the calendar of sample",
        "it has the days from 2010-01-04 to 2018-12-28",
    ),
    Case(
        "days to plot the wrong way round",
        "data plot sample SH600000 --from 2012-01-01 --to 2011-01-01",
        2,
        "2012-01-01 to 2011-01-01 has no trading day",
        "write an earlier start or a later end",
    ),
    Case(
        "a picture of no format", "data plot sample SH600000 --out x.gif", 2, "x.gif names no format of figures", FIGURE
    ),
    Case(
        "two formats of one picture",
        "data plot sample SH600000 --out x.html --format json",
        2,
        "--format json and the name x.html contradict each other",
        "leave one of them out",
    ),
    Case(
        "a picture in place of a directory",
        "data plot sample SH600000 --out sample --format html",
        1,
        "cannot write sample: Is a directory",
        "use another --out",
    ),
    Case(
        "a study file to plot",
        "data plot right.toml SH600000",
        2,
        "right.toml is no CSV table: line 6 has 2 values, the header 1",
        "write comma-separated UTF-8 text",
    ),
]
