import Model
import Testing
import Text

@testable import Series

@Suite struct ExpressionTests {
    @Test(arguments: [
        ("1", "scalar"), ("0x1F + 010 + 1_000 + .5 + 5m + 1e-3", "scalar"), ("-inf", "scalar"),
        ("\"a\\x41\"", "string"),
        ("foo", "vector"), ("foo:bar", "vector"), ("{\"a metric\", 'a b'=~`c\\d`}", "vector"), ("sum", "vector"),
        ("offset offset 5m", "vector"), ("by and or or unless", "vector"), ("start + end", "vector"),
        ("foo[5m]", "matrix"), ("foo[300] offset -1h @ end()", "matrix"), ("rate(foo[5m])[30m:]", "matrix"),
        ("foo @ -1.5 offset 3", "vector"), ("foo @ start() # a comment\n", "vector"), ("1 <bool 2", "scalar"),
        ("SUM BY (a, \"b c\") (foo)", "vector"), ("topk without () (3, foo)", "vector"), ("sum(foo) by (by)", "vector"),
        ("a / on (x) group_left (y, z) b", "vector"), ("a == bool ignoring () group_right b", "vector"),
        ("label_join(a, \"b\", \"c\")", "vector"), ("hour()", "vector"), ("scalar(a)", "scalar"),
    ]) func theGrammarTakes(_ text: String, _ type: String) throws {
        #expect(try Expression(parsing: text).type.rawValue == type)
    }

    @Test(arguments: [
        ("", 0, "the expression is empty"),
        ("foo bar", 4, "unexpected \"bar\", expected an operator or the end"),
        ("sum(", 4, "unexpected the end, expected a metric, a function, a number or \"(\""),
        ("1 + é", 4, "unexpected character \"é\""),
        ("foo{a=\"é\"} $", 11, "unexpected character \"$\""),
        ("foo{a=b}", 6, "unexpected \"b\", expected a string"),
        ("foo{a}", 5, "unexpected \"}\", expected =, !=, =~ or !~"),
        ("foo{a=\"1\" b=\"2\"}", 10, "unexpected \"b\", expected \",\" or \"}\""),
        ("foo{a=\"1}", 6, "the string's closing quote is missing"),
        (
            "{}", 0,
            "a selector needs a name or one matcher that no empty value satisfies, or it takes everything"
        ),
        (
            "{a=~\".*\"}", 0,
            "a selector needs a name or one matcher that no empty value satisfies, or it takes everything"
        ),
        ("foo{__name__=\"bar\"}", 0, "the metric's name is given twice: \"foo\" and \"bar\""),
        ("rate(foo)", 5, "\"rate\" needs a range vector here, not an instant vector"),
        ("abs(1)", 4, "\"abs\" needs an instant vector here, not a scalar"),
        ("raet(foo[5m])", 0, "unknown function \"raet\"; did you mean \"rate\"?"),
        ("clamp(foo, 1)", 0, "\"clamp\" takes 3 arguments, not 2"),
        ("round(foo, 1, 2)", 0, "\"round\" takes 1 to 2 arguments, not 3"),
        ("label_join(foo)", 0, "\"label_join\" takes at least 3 arguments, not 1"),
        ("topk(foo)", 0, "\"topk\" takes two arguments, not 1"),
        ("sum(\"a\")", 4, "\"sum\" needs an instant vector here, not a string"),
        ("foo[5m] + 1", 0, "\"+\" needs scalars or instant vectors, not a range vector"),
        ("1 == 2", 2, "a comparison of two scalars needs bool: == bool"),
        ("foo + bool bar", 4, "bool belongs to comparisons only"),
        ("foo and 1", 4, "\"and\" needs an instant vector on both sides"),
        ("foo and on(a) group_left bar", 4, "group_left and group_right do not go with \"and\""),
        ("foo / on(a) group_left(a) bar", 4, "the label \"a\" stands both in on and in the group clause"),
        ("foo * on(a) 2", 4, "on and ignoring need an instant vector on both sides"),
        (
            "foo[5m][5m]", 10,
            "a range needs a metric before it; over another expression write a subquery such as [30m:1m]"
        ),
        ("foo offset 5m [5m]", 17, "offset and @ stand behind the range"),
        ("foo offset 1m offset 2m", 14, "offset may stand only once"),
        ("foo @ 1 @ 2", 8, "@ may stand only once"),
        ("(foo) offset 5m", 6, "offset needs a metric, a range or a subquery before it"),
        ("foo[0s]", 4, "the duration must be positive"),
        ("foo[5q]", 4, "\"5q\" is neither a number nor a duration such as 5m or 1h30m"),
        ("foo[5m:1m", 9, "unexpected the end, expected \":\" or \"]\""),
        ("-\"a\"", 0, "a sign needs a scalar or an instant vector behind it, not a string"),
        ("foo{a=~\"(\"}", 7, "label a: pattern \"(\" is not valid: missing ) at \"(\""),
    ]) func aMistakeNamesItsPlace(_ text: String, _ offset: Int, _ message: String) {
        let error = #expect(throws: ExpressionError.self) { try Expression(parsing: text) }
        #expect(error?.message == message)
        #expect(error?.offset == offset)
        #expect(error?.isNotInThisVersion == false)
    }

    @Test(arguments: [
        ("info(foo)", "info"), ("histogram_count(foo)", "histogram_count"), ("limitk(2, foo)", "limitk"),
        ("limit_ratio(0.5, foo)", "limit_ratio"), ("rate(foo[5m] anchored)", "anchored"), ("foo smoothed", "smoothed"),
        ("a + on(x) fill(0) b", "fill"), ("a + fill_left (1) b", "fill_left"), ("foo </ 2", "</"),
        ("foo[5m + 1m]", "arithmetic with durations"), ("foo offset (5m)", "arithmetic with durations"),
        ("foo[step()]", "step"), ("sort_by_label(foo, \"a\")", "sort_by_label"), ("start()", "start"),
    ]) func whatIsMissingIsRefusedByName(_ text: String, _ name: String) {
        let error = #expect(throws: ExpressionError.self) { try Expression(parsing: text) }
        #expect(error?.message == "\"\(name)\" is not in this version")
        #expect(error?.isNotInThisVersion == true)
    }

    @Test(arguments: [
        String(repeating: "(", count: 100_000), String(repeating: "-", count: 60_000),
        String(repeating: "a+", count: 40_000),
        String(repeating: "sum(", count: 1000) + "1", String(repeating: "1^", count: 20_000) + "1",
        String(repeating: "a+", count: 20_000) + "a", "a" + String(repeating: "[1m:1m]", count: 5000),
    ]) func depthAndLengthAreLimited(_ text: String) {
        #expect(throws: ExpressionError.self) { try Expression(parsing: text) }
    }

    @Test func selectorsAreListed() throws {
        let expression = try Expression(
            parsing: "rate(a{x=\"1\"}[5m]) / on() sum(b or {\"c\"}) > topk(scalar(d), {__name__=~\"e\"})")
        #expect(expression.selectors.map(\.name) == ["a", "b", "c", "d", nil])
        #expect(
            expression.selectors[0].matchers == [
                try Matcher("__name__", .equal, "a"), try Matcher("x", .equal, "1"),
            ])
    }

    @Test func anExpressionIsItsText() throws {
        let one = try Expression(parsing: "a > 1")
        #expect(try one == Expression(parsing: "a > 1"))
        #expect(try one != Expression(parsing: "a > 2"))
        #expect(one != one.condition())
    }
}
