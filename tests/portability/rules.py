"""The rules by which the SQL of the build becomes SQL of Spark and of ClickHouse, beside those of sqlglot.

``SPARK`` and ``CLICKHOUSE`` say what an expression of DuckDB is there; a, b and c stand for its parts. What is no
matter of one expression is a function below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from sqlglot import exp, parse_one
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.transforms import eliminate_qualify

Schema = Mapping[str, Mapping[str, str]]  # types of DuckDB by table and column
Rule = Callable[[exp.Expression], exp.Expression]

SPARK = {
    "epoch_us(a)": "UNIX_MICROS(CAST(a AS TIMESTAMP))",
    "epoch(a - b)": "((UNIX_MICROS(CAST(a AS TIMESTAMP)) - UNIX_MICROS(CAST(b AS TIMESTAMP))) / 1000000D)",
    "isodow(a)": "((DAYOFWEEK(a) + 5) % 7 + 1)",
    "isfinite(a)": "(ABS(a) < CAST('Infinity' AS DOUBLE))",
    "arg_max(a, b)": "MAX_BY(a, CASE WHEN a IS NOT NULL THEN b END)",
    "arg_min(a, b)": "MIN_BY(a, CASE WHEN a IS NOT NULL THEN b END)",
    "arg_max_null(a, b)": "MAX_BY(a, b)",
    "regexp_full_match(a, b)": "(a RLIKE CONCAT('^(?:', b, ')$'))",
    "string_split(a, b)": "SPLIT(a, b)",
    "list_has_any(a, b)": "ARRAYS_OVERLAP(a, b)",
    "list_extract(a, b)": "ELEMENT_AT(a, b)",
}
SPARK_PARTS = {
    "length of a list": "ARRAY_SIZE(a)",
    "time and microseconds": "CAST(TIMESTAMP_MICROS(UNIX_MICROS(CAST(a AS TIMESTAMP)) + b) AS TIMESTAMP_NTZ)",
}
CLICKHOUSE = {
    "epoch_us(a)": "toUnixTimestamp64Micro(a)",
    "epoch(a - b)": "((toUnixTimestamp64Micro(a) - toUnixTimestamp64Micro(b)) / 1000000)",
    "isfinite(a)": "isFinite(a)",
    "arg_max_null(a, b)": "tupleElement(argMax(tuple(a), b), 1)",
    "bool_or(a)": "max(a)",
    "bool_and(a)": "min(a)",
    "a ILIKE b ESCAPE '\\'": "(a ILIKE b)",
    "nfc_normalize(a)": "normalizeUTF8NFC(a)",
    "regexp_full_match(a, b)": "match(a, concat('^(?:', b, ')$'))",
    "split_part(a, b, c)": "arrayElement(splitByString(b, a), c)",
    "array_to_string(a, b)": "nullIf(arrayStringConcat(a, b), '')",
    "list_has_any(a, b)": "hasAny(a, b)",
    "list_extract(a, b)": "arrayElement(a, b)",
    "generate_series(a, b)": "range(a, b + 1)",
}
CLICKHOUSE_PARTS = {
    "length of a list": "length(a)",
    "time and microseconds": "fromUnixTimestamp64Micro(toUnixTimestamp64Micro(a) + b)",
}
IS_NULL = "_is_null"  # ends the name of a column that tells where the list of that name is NULL
MICROSECONDS = {"SECOND": 10**6, "MINUTE": 60 * 10**6, "HOUR": 3600 * 10**6, "DAY": 86400 * 10**6}


def read_tables(sql: str) -> dict[str, str]:
    """Return the tables that a query of DuckDB reads, by the name that they have in other engines."""
    query = parse_one(sql, dialect="duckdb")
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    tables = [table for table in query.find_all(exp.Table) if table.db or table.name not in own]
    return {_flat_name(table): f'"{table.db or "main"}"."{table.name}"' for table in tables}


def to_spark(sql: str, schema: Schema) -> str:
    """Return a query of DuckDB as one of Spark."""
    rules = _compile(SPARK, "spark") | _typed_rules(SPARK_PARTS, "spark") | {exp.Select: _filter_after_windows}
    return _apply(rules, _qualify(sql, schema)).sql(dialect="spark", comments=False)


def to_clickhouse(sql: str, schema: Schema) -> str:
    """Return a query of DuckDB as one of ClickHouse."""
    rules = _compile(CLICKHOUSE, "clickhouse") | _typed_rules(CLICKHOUSE_PARTS, "clickhouse")
    rules |= {exp.GroupConcat: _sort_texts, exp.ConcatWs: _join_texts, exp.Is: _compare_list_with_null(schema)}
    rules[exp.RegexpExtract] = _extract_by_column
    return _apply(rules, _qualify(sql, schema)).sql(dialect="clickhouse", comments=False)


def _flat_name(table: exp.Table) -> str:
    return "_".join(filter(None, (table.db, table.name)))


def _qualify(sql: str, schema: Schema) -> exp.Expression:
    """Return a query whose columns have tables and types, without stars, BY NAME, GROUP BY ALL and MATERIALIZED."""
    query = parse_one(sql, dialect="duckdb")
    for table in list(query.find_all(exp.Table)):
        if table.db:
            table.replace(exp.alias_(exp.to_table(_flat_name(table)), table.alias_or_name, table=True))
    for cte in query.find_all(exp.CTE):
        cte.set("materialized", None)
    tables = dict(schema)
    query = qualify(query, schema=tables, dialect="duckdb", quote_identifiers=False, validate_qualify_columns=False)
    query = annotate_types(query, schema=tables, dialect="duckdb")
    for union in query.find_all(exp.Union):
        if union.args.get("by_name"):
            _match_names(union)
    for group in query.find_all(exp.Group):
        if group.args.get("all"):
            group.set("all", None)
            keys = [column.unalias().copy() for column in group.parent.selects if not column.find(exp.AggFunc)]
            group.set("expressions", keys)
    return query


def _match_names(union: exp.Union) -> None:
    """Give both sides of a UNION BY NAME the columns of both, in the order of the left."""
    columns = {each.alias_or_name: each for each in (*union.left.selects, *union.right.selects)}
    known = [each for each in (*union.left.selects, *union.right.selects) if not isinstance(each.unalias(), exp.Null)]
    types = {each.alias_or_name: each.type for each in known if each.type and not each.is_type("unknown")}
    for side in (union.left, union.right):
        own = {each.alias_or_name: each for each in side.selects if each in known}
        nulls = {
            name: exp.alias_(exp.cast(exp.null(), types[name]) if name in types else exp.null(), name)
            for name in columns
        }
        side.set("expressions", [own.get(name, nulls[name]) for name in columns])
    union.set("by_name", None)


def _apply(rules: Mapping[type[exp.Expression], Rule], query: exp.Expression) -> exp.Expression:
    """Apply the rule of each node, of the innermost first."""
    root = exp.Paren(this=query)
    for node in reversed(list(query.walk())):
        if (rule := rules.get(type(node))) and (replacement := rule(node)) is not node:
            node.replace(replacement)
    return root.this


def _compile(rules: Mapping[str, str], dialect: str) -> dict[type[exp.Expression], Rule]:
    """Return a rule for each kind of node, which uses the first pattern that matches it."""
    by_type: dict[type[exp.Expression], list[tuple[exp.Expression, str]]] = {}
    for pattern, replacement in rules.items():
        node = _parse(pattern, "duckdb")
        by_type.setdefault(type(node), []).append((node, replacement))

    def rule(node: exp.Expression) -> exp.Expression:
        for pattern, replacement in by_type[type(node)]:
            if parts := _bind(pattern, node):
                return _fill(replacement, dialect, **parts)
        return node

    return dict.fromkeys(by_type, rule)


@cache
def _parse(sql: str, dialect: str) -> exp.Expression:
    return parse_one(sql, dialect=dialect)


def _bind(pattern: exp.Expression, node: exp.Expression) -> dict[str, exp.Expression] | None:
    """Return what stands for each letter of a pattern; None if the node is another one."""
    if isinstance(pattern, exp.Column):
        return {pattern.name: node}
    own, other = list(pattern.iter_expressions()), list(node.iter_expressions())
    if type(pattern) is not type(node) or len(own) != len(other) or (not own and pattern != node):
        return None
    if isinstance(pattern, exp.Anonymous) and pattern.name.lower() != node.name.lower():
        return None
    bound = [_bind(*pair) for pair in zip(own, other, strict=True)]
    return None if None in bound else {letter: part for each in bound for letter, part in each.items()}


def _fill(template: str, dialect: str, **parts: exp.Expression) -> exp.Expression:
    """Return an expression with its letters replaced."""
    expression = exp.Paren(this=_parse(template, dialect).copy())
    for column in list(expression.find_all(exp.Column)):
        part = parts[column.name]
        column.replace(exp.paren(part) if isinstance(part, exp.Binary) else part.copy())
    return expression.this


def _typed_rules(parts: Mapping[str, str], dialect: str) -> dict[type[exp.Expression], Rule]:
    """Return the rules of nodes whose meaning depends on their types, or on what they stand in."""

    def length(node: exp.Expression) -> exp.Expression:
        is_list = node.this.is_type("array") or isinstance(node.this, exp.Array)
        return _fill(parts["length of a list"], dialect, a=node.this) if is_list else node

    def add_interval(node: exp.Expression) -> exp.Expression:
        """A time and a number of hours are a sum of microseconds."""
        number = node.expression
        if not (isinstance(number, exp.Mul) and isinstance(number.expression, exp.Interval)):
            return node
        factor = MICROSECONDS[number.expression.unit.name.upper()] * (-1 if isinstance(node, exp.Sub) else 1)
        microseconds = exp.cast(exp.Mul(this=exp.paren(number.this), expression=exp.Literal.number(factor)), "bigint")
        return _fill(parts["time and microseconds"], dialect, a=node.this, b=microseconds)

    return {
        exp.Length: length,
        exp.Add: add_interval,
        exp.Sub: add_interval,
        exp.Filter: _count_in_window,
        exp.Literal: _make_double,
    }


def _count_in_window(node: exp.Filter) -> exp.Expression:
    """``count(*) FILTER (a) OVER b`` counts a CASE."""
    if not isinstance(node.parent, exp.Window):
        return node
    return exp.Count(this=exp.Case(ifs=[exp.If(this=node.expression.this, true=exp.Literal.number(1))]))


def _make_double(node: exp.Literal) -> exp.Expression:
    """Make a number with a point a double, as a decimal has as many places as it was written with."""
    return exp.cast(node, "double") if not node.is_string and "." in node.name else node


def _filter_after_windows(select: exp.Select) -> exp.Expression:
    """Spark has no QUALIFY: a query around it filters the windows."""
    if not select.args.get("qualify"):
        return select
    outer = eliminate_qualify(select.copy())
    for column in outer.args["where"].find_all(exp.Column):
        column.set("table", None)
    return outer


def _sort_texts(node: exp.GroupConcat) -> exp.Expression:
    """Join texts in an order: sort tuples whose last element is the text."""
    text, keys = node.this, []
    if isinstance(text, exp.Order):
        text, keys = text.this, [each.this for each in text.expressions]
    function = "groupUniqArrayIf" if isinstance(text, exp.Distinct) else "groupArrayIf"
    text = text.expressions[0] if isinstance(text, exp.Distinct) else text
    template = (
        f"nullIf(arrayStringConcat(arrayMap(each -> tupleElement(each, {len(keys) + 1}),"
        f" arraySort({function}(a, NOT b IS NULL))), c), '')"
    )
    row = exp.Anonymous(this="tuple", expressions=[*keys, text])
    return _fill(template, "clickhouse", a=row, b=text, c=node.args["separator"])


def _join_texts(node: exp.ConcatWs) -> exp.Expression:
    """Join the texts that are not NULL."""
    separator, *texts = node.expressions
    template = "arrayStringConcat(arrayFilter(each -> NOT each IS NULL, a), b)"
    return _fill(template, "clickhouse", a=exp.Array(expressions=texts), b=separator)


def _compare_list_with_null(schema: Schema) -> Rule:
    """ClickHouse has no NULL lists: beside a list of a table a column tells that it was one; others are empty."""

    def rule(node: exp.Is) -> exp.Expression:
        if not (isinstance(node.expression, exp.Null) and node.this.is_type("array")):
            return node
        tables = {table.alias: table.name for table in node.parent_select.find_all(exp.Table)}
        if tables.get(node.this.table) not in schema:
            return _fill("empty(a)", "clickhouse", a=node.this)
        flag = exp.column(node.this.name + IS_NULL, table=node.this.table)
        return _fill("coalesce(a, TRUE)", "clickhouse", a=flag)  # of an outer join it is NULL

    return rule


def _extract_by_column(node: exp.RegexpExtract) -> exp.Expression:
    """Extract by replacing, where the pattern is no literal; such patterns match whole texts."""
    if isinstance(node.expression, exp.Literal):
        return node
    template = "if(match(a, b), replaceRegexpOne(a, b, '\\\\1'), '')"
    return _fill(template, "clickhouse", a=node.this, b=node.expression)
