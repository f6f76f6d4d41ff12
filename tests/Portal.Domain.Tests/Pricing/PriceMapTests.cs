using System.Text;
using Portal.Domain.Pricing.Import;

namespace Portal.Domain.Tests.Pricing;

public sealed class PriceMapTests
{
    [Fact]
    public void Prices_per_token_are_read_exactly_with_their_tier_and_vendor()
    {
        var map = Parse("""
            {"sample_spec": {"input_cost_per_token": "explained here"},
             "gpt-x": {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "input_cost_per_token_batches": 1.25e-06,
                       "output_cost_per_token_priority": 0.00002, "cache_read_input_token_cost": 3.125e-07,
                       "cache_creation_input_token_cost": 0.0, "output_cost_per_reasoning_token": 1.1e-5, "litellm_provider": "openai", "mode": "chat"},
             "azure/gpt-x": {"litellm_provider": "azure", "input_cost_per_token": 3e-06},
             "dall-e": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_pixel": 1e-8}}
            """).Value;
        (map.Models, map.Skipped).ShouldBe((2, 1));
        map.Prices.ShouldBe([
            new("gpt-x", "input", "standard", "openai", 0.0000025m),
            new("gpt-x", "output", "standard", "openai", 0.00001m),
            new("gpt-x", "input", "batch", "openai", 0.00000125m),
            new("gpt-x", "output", "priority", "openai", 0.00002m),
            new("gpt-x", "cached_input", "standard", "openai", 0.0000003125m),
            new("gpt-x", "cache_write", "standard", "openai", 0m),
            new("gpt-x", "reasoning", "standard", "openai", 0.000011m),
            new("azure/gpt-x", "input", "standard", "azure", 0.000003m)]);
    }

    [Fact]
    public void Every_kind_of_token_has_its_price_in_every_tier()
    {
        // Of a million tokens: $3 in, $0.30 read from the cache, $3.75 written to it, $15 out, $20 reasoning; half in batches, double in priority, 0.6 in flex.
        var map = Parse("""
            {"m": {"litellm_provider": "v",
              "input_cost_per_token": 3e-06, "input_cost_per_token_batches": 1.5e-06, "input_cost_per_token_priority": 6e-06, "input_cost_per_token_flex": 1.8e-06,
              "cache_read_input_token_cost": 3e-07, "cache_read_input_token_cost_priority": 6e-07, "cache_read_input_token_cost_flex": 1.8e-07,
              "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_batches": 1.875e-06,
              "output_cost_per_token": 1.5e-05, "output_cost_per_token_batches": 7.5e-06, "output_cost_per_token_priority": 3e-05, "output_cost_per_token_flex": 9e-06,
              "output_cost_per_reasoning_token": 2e-05, "output_cost_per_reasoning_token_batches": 1e-05}}
            """).Value;
        map.Prices.ToDictionary(price => $"{price.TokenType}/{price.Tier}", price => price.PerToken * 1_000_000m).ShouldBe(new Dictionary<string, decimal>
        {
            ["input/standard"] = 3m,
            ["input/batch"] = 1.5m,
            ["input/priority"] = 6m,
            ["input/flex"] = 1.8m,
            ["cached_input/standard"] = 0.3m,
            ["cached_input/priority"] = 0.6m,
            ["cached_input/flex"] = 0.18m,
            ["cache_write/standard"] = 3.75m,
            ["cache_write/batch"] = 1.875m,
            ["output/standard"] = 15m,
            ["output/batch"] = 7.5m,
            ["output/priority"] = 30m,
            ["output/flex"] = 9m,
            ["reasoning/standard"] = 20m,
            ["reasoning/batch"] = 10m,
        }, ignoreOrder: true);
        map.NotRead.ShouldBeEmpty();
    }

    [Fact]
    public void A_cache_hit_by_its_other_name_is_read_unless_the_usual_one_is_there()
    {
        Parse("""{"m": {"input_cost_per_token": 1.4e-07, "input_cost_per_token_cache_hit": 1.4e-08}}""").Value.Prices
            .ShouldBe([new("m", "input", "standard", null, 0.00000014m), new("m", "cached_input", "standard", null, 0.000000014m)]);
        Parse("""{"m": {"input_cost_per_token_cache_hit": 8e-08, "cache_read_input_token_cost": 7e-08}}""").Value.Prices
            .ShouldBe([new("m", "cached_input", "standard", null, 0.00000007m)]);
    }

    [Fact]
    public void Models_without_a_price_per_token_are_named_with_what_they_have()
    {
        var skipped = Parse("""{"m": {"input_cost_per_token": 1e-06}, "painter": {"output_cost_per_image": 0.04, "litellm_provider": "v"}, "free": {"mode": "chat"}}""").Value.SkippedModels;
        skipped.Select(model => (model.Model, model.Reason, string.Join(',', model.PricedBy)))
            .ShouldBe([("painter", "not_priced_per_token", "output_cost_per_image"), ("free", "no_price", "")]);
    }

    [Fact]
    public void Prices_of_other_kinds_are_counted_not_dropped_in_silence() =>
        Parse("""{"m": {"input_cost_per_token": 1e-6, "input_cost_per_token_above_128k_tokens": 2e-6, "search_context_cost_per_query": {"low": 1}}}""")
            .Value.NotRead.ShouldBe(new Dictionary<string, int> { ["input_cost_per_token_above_128k_tokens"] = 1, ["search_context_cost_per_query"] = 1 }, ignoreOrder: true);

    [Theory]
    [InlineData("", 1, "")]
    [InlineData("[]", 1, "")]
    [InlineData("{}", 1, "")]
    [InlineData("{\"a\": {}, \"b\": {\"mode\": \"chat\"}}", 1, "")]
    [InlineData("{\n\"effective_at\": \"2026-01-01T00:00:00Z\",\n\"rates\": []}", 2, "effective_at")]
    [InlineData("{\n\"a\": {\"input_cost_per_token\": 1e-6},\n\"b\": {\n\"input_cost_per_token\": \"cheap\"}}", 4, "b.input_cost_per_token")]
    [InlineData("{\n\"a\": {\"input_cost_per_token\": -1e-6}}", 2, "a.input_cost_per_token")]
    [InlineData("{\n\"a\": {\"input_cost_per_token\": 1e400}}", 2, "a.input_cost_per_token")]
    [InlineData("{\n\"a\": {\"litellm_provider\": 7}}", 2, "a.litellm_provider")]
    [InlineData("{\n\"a\": {\"input_cost_per_token\": 1e-6},\n\n\"a\": {\"input_cost_per_token\": 2e-6}}", 4, "a")]
    [InlineData("{\n\"a\": {\"input_cost_per_token\": 1e-6},\n\"b\": {\"input", 3, "b")]
    [InlineData("{\n\"a\": {\"input_cost_per_token\": 1e-6}}\n{}", 3, "a")]
    [InlineData("{\n\"a\": {\"input_cost_per_token\": NaN}}", 2, "a")]
    public void What_is_no_price_map_is_refused_with_its_line_and_key(string json, long line, string key)
    {
        var problem = Parse(json).Problem.ShouldNotBeNull();
        problem.Code.ShouldBe("not_a_price_map");
        problem.Extensions!["line"].ShouldBe(line);
        problem.Extensions["key"].ShouldBe(key);
    }

    private static Portal.Domain.Kernel.Result<PriceMap> Parse(string json) => PriceMap.Parse(Encoding.UTF8.GetBytes(json));
}
