using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;

namespace Portal.Domain.Tests.Metering;

public sealed class MeterTests
{
    private const string Llm = """
        {"event_type":"llm.completion","product":"llm","aggregation":"sum",
         "filter":null,"dimensions":["model","tier"],"defaults":{"tier":"standard"},
         "quantities":[{"property":"input_tokens","set":{"token_type":"input"}},
                       {"property":"cached_input_tokens","set":{"token_type":"cached_input"}},
                       {"property":"output_tokens","set":{"token_type":"output"}}]}
        """;

    [Fact]
    public void Quantities_carry_the_events_dimensions_their_own_and_the_defaults()
    {
        var measurement = Make(Llm).Measure(Event(("model", "gpt-4o"), ("input_tokens", 4808m), ("output_tokens", 10m)));
        measurement.Problem.ShouldBeNull();
        measurement.Quantities.ShouldBe([
            new(4808m, DimensionSet.Of(("model", "gpt-4o"), ("tier", "standard"), ("token_type", "input"))),
            new(10m, DimensionSet.Of(("model", "gpt-4o"), ("tier", "standard"), ("token_type", "output")))]);
        Make(Llm).Measure(Event(("tier", "batch"), ("input_tokens", 1m))).Quantities.Single().Tier.ShouldBe("batch");
    }

    [Fact]
    public void Absent_and_zero_quantities_measure_nothing()
    {
        Make(Llm).Measure(Event(("model", "gpt-4o"), ("input_tokens", 0m))).ShouldBe(Measurement.Nothing);
        Make(Llm).Measure(Event()).ShouldBe(Measurement.Nothing);
    }

    [Fact]
    public void Intake_keeps_what_the_meter_reads() =>
        Make(Llm).PropertyNames.ShouldBe(["model", "tier", "input_tokens", "cached_input_tokens", "output_tokens"], ignoreOrder: true);

    [Fact]
    public void Numbers_may_be_texts_but_nothing_else()
    {
        var properties = Event(("model", "gpt-4o"));
        properties.Add("input_tokens", "1.5e3");
        Make(Llm).Measure(properties).Quantities.Single().Amount.ShouldBe(1500m);
        foreach (var bad in new[] { "", "NaN", "Infinity", " 5", "1,000", "0x1F", "many" })
        {
            properties.Add("input_tokens", bad);
            var problem = Make(Llm).Measure(properties).Problem.ShouldNotBeNull();
            (problem.Code, problem.Errors!.Keys.Single()).ShouldBe(("invalid_quantity", "data.input_tokens"));
        }

        properties.Add("input_tokens", true);
        Make(Llm).Measure(properties).Problem!.Code.ShouldBe("invalid_quantity");
        properties.AddComposite("input_tokens");
        Make(Llm).Measure(properties).Problem!.Code.ShouldBe("invalid_quantity");
    }

    [Fact]
    public void Negative_and_absurd_quantities_fail_the_whole()
    {
        Make(Llm).Measure(Event(("input_tokens", 5m), ("output_tokens", -1m))).ShouldSatisfyAllConditions(
            measurement => measurement.Problem!.Code.ShouldBe("invalid_quantity"),
            measurement => measurement.Quantities.ShouldBeEmpty());
        Make(Llm).Measure(Event(("input_tokens", decimal.MaxValue))).Problem!.Code.ShouldBe("invalid_quantity");
        var area = Make("""{"event_type":"image","product":"images","aggregation":"sum","quantities":[{"product_of":["a","b","c"]}]}""");
        area.Measure(Event(("a", 1e15m), ("b", 1e15m), ("c", 1e15m))).Problem!.Code.ShouldBe("invalid_quantity");
    }

    [Fact]
    public void A_product_of_properties_is_divided_into_the_meters_unit()
    {
        var images = Make("""{"event_type":"image","product":"images","aggregation":"sum","quantities":[{"product_of":["width","height"],"divide_by":"1000000"}]}""");
        images.Measure(Event(("width", 1024m), ("height", 1536m))).Quantities.Single().Amount.ShouldBe(1.572864m);
        images.Measure(Event(("width", 1024m))).ShouldBe(Measurement.Nothing);
    }

    [Theory]
    [InlineData("none", 1400, "1.4")]
    [InlineData("up", 1400, "2")]
    [InlineData("down", 1900, "1")]
    [InlineData("half_up", 1500, "2")]
    [InlineData("half_up", 2500, "3")]
    [InlineData("half_up", 1400, "1")]
    public void Units_convert_with_a_rounding_rule(string round, int amount, string expected) =>
        Make($$"""{"event_type":"t","product":"p","aggregation":"sum","quantities":[{"property":"n","divide_by":"1000","round":"{{round}}"}]}""")
            .Measure(Event(("n", amount))).Quantities.Single().Amount.ShouldBe(decimal.Parse(expected, System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void A_count_measures_one_per_event()
    {
        var calls = Make("""{"event_type":"call","product":"calls","aggregation":"count","dimensions":["region"]}""");
        calls.Measure(Event(("region", "eu"))).Quantities.ShouldBe([new(1m, DimensionSet.Of(("region", "eu")))]);
    }

    [Fact]
    public void Numbers_and_flags_make_dimensions_too()
    {
        var properties = Event(("size", 1024.50m));
        properties.Add("hd", true);
        Make("""{"event_type":"call","product":"calls","aggregation":"count","dimensions":["size","hd"]}""")
            .Measure(properties).Quantities.Single().Dimensions.ShouldBe(DimensionSet.Of(("size", "1024.5"), ("hd", "true")));
    }

    [Fact]
    public void A_filter_narrows_and_its_defaults_count()
    {
        var meter = Make("""{"event_type":"t","product":"p","aggregation":"count","dimensions":["tier"],"defaults":{"tier":"standard"},"filter":{"tier":["standard","priority"]}}""");
        meter.Matches(Event()).ShouldBeTrue();
        meter.Matches(Event(("tier", "priority"))).ShouldBeTrue();
        meter.Matches(Event(("tier", "batch"))).ShouldBeFalse();
        Make("""{"event_type":"t","product":"p","aggregation":"count","filter":{"model":["a"]}}""").Matches(Event()).ShouldBeFalse();
    }

    [Theory]
    [InlineData("""{"product":"p","aggregation":"count"}""", "event_type")]
    [InlineData("""{"event_type":"t","aggregation":"count"}""", "product")]
    [InlineData("""{"event_type":"t","product":"P!","aggregation":"count"}""", "product")]
    [InlineData("""{"event_type":"t","product":"p"}""", "aggregation")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"median"}""", "aggregation")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"unique","quantities":[{"property":"n","divide_by":"2"}]}""", "quantities[0]")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"max"}""", "quantities")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"percentile","quantities":[{"property":"n"}]}""", "percentile")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"percentile","percentile":"101","quantities":[{"property":"n"}]}""", "percentile")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"percentile","percentile":"99","of":"daily","quantities":[{"property":"n"}]}""", "of")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"sum"}""", "quantities")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"sum","quantities":[{"property":"n","divide_by":"0"}]}""", "quantities[0].divide_by")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"sum","quantities":[{"property":"n","round":"sideways"}]}""", "quantities[0].round")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"sum","quantities":[{"property":"n","product_of":["n"]}]}""", "quantities[0]")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"sum","quantities":[null]}""", "quantities[0]")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"count","dimensions":["a","a"]}""", "dimensions[1]")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"count","defaults":{"a":"b"}}""", "defaults.a")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"count","filter":{"a":[]}}""", "filter.a")]
    [InlineData("""{"event_type":"t","product":"p","aggregation":"count","percentile":"99"}""", "percentile")]
    public void A_refusal_names_the_field(string json, string field) =>
        MeterChecks.Check("m", Parse(json)).Problem.ShouldNotBeNull().Errors!.Keys.ShouldBe([field]);

    private static Meter Make(string json) => MeterChecks.Check("m", Parse(json)).Value;

    private static MeterDefinition Parse(string json) => JsonSerializer.Deserialize<MeterDefinition>(json, PortalJson.Options)!;

    private static EventProperties Event(params (string Name, object Value)[] values)
    {
        var properties = new EventProperties();
        foreach (var (name, value) in values)
        {
            if (value is string text) properties.Add(name, text);
            else properties.Add(name, Convert.ToDecimal(value, System.Globalization.CultureInfo.InvariantCulture));
        }

        return properties;
    }
}
