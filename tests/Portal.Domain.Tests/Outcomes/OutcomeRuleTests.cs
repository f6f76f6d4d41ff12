using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Outcomes;

namespace Portal.Domain.Tests.Outcomes;

/// <summary>What keeps a rule from being published, with the line at fault.</summary>
public sealed class OutcomeRuleTests
{
    private const string Resolved = """{"if":{"event":"resolved"},"then":"billable"}""";

    [Theory]
    [InlineData("""{"event":"a","where":{"score":{"gte":"0.8","lt":"0.9"},"kind":["x","y"]},"after":"b"}""")]
    [InlineData("""{"count":{"event":"a"},"at_least":3,"at_most":5}""")]
    [InlineData("""{"property":"score","gte":"0.8"}""")]
    [InlineData("""{"silence":"PT12H"}""")]
    [InlineData("""{"all":[{"event":"a"},{"any":[{"event":"b"},{"not":{"event":"c"}}]}]}""")]
    [InlineData("""{"all":[{"event":"a"},{"not":{"event":"a","where":{"kind":"x"}}}]}""")]
    [InlineData("""{"all":[{"silence":"P1D"},{"not":{"silence":"P2D"}}]}""")]
    public void A_condition_is_read(string condition) => Check(Line(condition)).Succeeded.ShouldBeTrue(Check(Line(condition)).Problem?.Detail);

    [Theory]
    [InlineData("""{"if":{"happened":"a"},"then":"billable"}""", "invalid_condition", "rules[0].if")]
    [InlineData("""{"if":{"event":"a","count":{"event":"b"}},"then":"billable"}""", "invalid_condition", "rules[0].if")]
    [InlineData("""{"if":{"event":"a","since":"b"},"then":"billable"}""", "unknown_condition", "rules[0].if.since")]
    [InlineData("""{"if":{"event":""},"then":"billable"}""", "invalid_condition", "rules[0].if.event")]
    [InlineData("""{"if":{"event":"a","after":1},"then":"billable"}""", "invalid_condition", "rules[0].if.after")]
    [InlineData("""{"if":"a","then":"billable"}""", "invalid_condition", "rules[0].if")]
    [InlineData("""{"then":"billable"}""", "invalid_condition", "rules[0].if")]
    [InlineData("""{"if":{"all":[{"event":"a"},{"silence":"soon"}]},"then":"billable"}""", "invalid_span", "rules[0].if.all[1].silence")]
    [InlineData("""{"if":{"all":[]},"then":"billable"}""", "invalid_condition", "rules[0].if.all")]
    [InlineData("""{"if":{"not":{"count":{"event":"a"}}},"then":"billable"}""", "invalid_condition", "rules[0].if.not")]
    [InlineData("""{"if":{"count":{"event":"a","times":3},"at_least":1},"then":"billable"}""", "unknown_condition", "rules[0].if.count.times")]
    [InlineData("""{"if":{"count":{"event":"a"},"at_least":"1.5"},"then":"billable"}""", "invalid_condition", "rules[0].if.at_least")]
    [InlineData("""{"if":{"count":{"event":"a"},"at_least":3,"at_most":2},"then":"billable"}""", "contradictory_condition", "rules[0].if.at_most")]
    [InlineData("""{"if":{"property":"score"},"then":"billable"}""", "invalid_condition", "rules[0].if")]
    [InlineData("""{"if":{"property":"score","above":1},"then":"billable"}""", "unknown_condition", "rules[0].if.above")]
    [InlineData("""{"if":{"property":"score","gte":"0.8","lt":"0.5"},"then":"billable"}""", "contradictory_condition", "rules[0].if")]
    [InlineData("""{"if":{"property":"score","gt":"high"},"then":"billable"}""", "invalid_condition", "rules[0].if.gt")]
    [InlineData("""{"if":{"event":"a","where":{"kind":[]}},"then":"billable"}""", "invalid_condition", "rules[0].if.where.kind")]
    [InlineData("""{"if":{"event":"a"},"then":"maybe"}""", "invalid_then", "rules[0].then")]
    [InlineData("""{"if":{"event":"a"}}""", "invalid_then", "rules[0].then")]
    public void A_wrong_line_is_named(string line, string code, string field) => Refused(Rules(line + "," + Resolved), code, field);

    [Theory]
    [InlineData("""{"if":{"event":"a"},"then":"pending"}""", "rules")]
    [InlineData("""{"if":{"all":[{"event":"a"},{"not":{"event":"a"}}]},"then":"billable"}""", "rules[0].if")]
    [InlineData("""{"if":{"all":[{"event":"a"},{"count":{"event":"a"},"at_most":0}]},"then":"billable"}""", "rules[0].if")]
    [InlineData("""{"if":{"all":[{"event":"a","where":{"kind":"x"}},{"not":{"event":"a"}}]},"then":"billable"}""", "rules[0].if")]
    [InlineData("""{"if":{"all":[{"property":"score","gte":"0.8"},{"property":"score","lt":"0.5"}]},"then":"billable"}""", "rules[0].if")]
    [InlineData("""{"if":{"all":[{"silence":"P1D","after":"a"},{"silence":"P1D","after":"b"}]},"then":"billable"}""", "rules[0].if")]
    [InlineData("""{"if":{"all":[{"silence":"P2D"},{"not":{"silence":"P1D"}}]},"then":"billable"}""", "rules[0].if")]
    [InlineData("""{"if":{"silence":"P40D"},"then":"billable"}""", "rules[0].if")] // abandoned after 30
    public void A_rule_that_can_never_decide_is_refused(string line, string field) => Refused(Rules(line), "rule_never_decides", field);

    [Fact]
    public void A_line_that_nothing_reaches_is_named()
    {
        Refused(Rules(Resolved + """,{"if":{"all":[{"event":"resolved"},{"event":"rated"}]},"then":"not_billable"}"""), "unreachable_rule", "rules[1]");
        Refused(Rules(Resolved + """,{"if":{"all":[{"event":"b"},{"not":{"event":"b"}}]},"then":"not_billable"}"""), "contradictory_condition", "rules[1].if");
    }

    [Theory]
    [InlineData("\"product\":\"support\"", "\"product\":\"Not One\"", "invalid_product", "product")]
    [InlineData("\"case\":\"case\"", "\"case\":\"\"", "invalid_case", "case")]
    [InlineData("\"settlement\":\"P7D\"", "\"settlement\":\"a week\"", "invalid_span", "settlement")]
    [InlineData("\"abandon_after\":\"P30D\"", "\"abandon_after\":\"-P1D\"", "invalid_span", "abandon_after")]
    [InlineData("\"else\":\"pending\"", "\"else\":\"perhaps\"", "invalid_then", "else")]
    [InlineData("\"rules\":[" + Resolved + "]", "\"rules\":[]", "required", "rules")]
    public void A_wrong_field_is_named(string right, string wrong, string code, string field) =>
        Refused(Rules(Resolved).Replace(right, wrong, StringComparison.Ordinal), code, field);

    private static string Line(string condition) => Rules($$"""{"if":{{condition}},"then":"billable","reason":"done"}""");

    private static string Rules(string lines) =>
        $$"""{"product":"support","case":"case","settlement":"P7D","abandon_after":"P30D","rules":[{{lines}}],"else":"pending"}""";

    private static Result<OutcomeRule> Check(string rule) => OutcomeRuleChecks.Check(JsonSerializer.Deserialize<OutcomeRuleDefinition>(rule, PortalJson.Options)!);

    private static void Refused(string rule, string code, string field)
    {
        var problem = Check(rule).Problem.ShouldNotBeNull();
        (problem.Code, problem.Errors!.Keys.First()).ShouldBe((code, field));
    }
}
