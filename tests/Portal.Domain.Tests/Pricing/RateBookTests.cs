using CsCheck;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Tests.Pricing;

public sealed class RateBookTests
{
    [Fact]
    public void The_most_specific_match_wins()
    {
        var book = new RateBook([
            Make(0), Make(1, ("token_type", "output")), Make(2, ("model", "gpt-4o")), Make(3, ("model", "gpt-4o"), ("token_type", "output"))]);
        Find(book, ("model", "gpt-4o"), ("token_type", "output"), ("tier", "batch")).ShouldBe(3);
        Find(book, ("model", "gpt-4o"), ("token_type", "input")).ShouldBe(2);
        Find(book, ("model", "other"), ("token_type", "output")).ShouldBe(1);
        Find(book, ("model", "other")).ShouldBe(0);
        book.Of("images").ShouldBeNull();
    }

    [Fact]
    public void Without_a_match_there_is_no_rate()
    {
        var book = new RateBook([Make(0, ("model", "gpt-4o"))]);
        book.Of("llm")!.Find(DimensionSet.Of(("model", "gpt-5"))).ShouldBeNull();
        book.Of("llm")!.Find(DimensionSet.Empty).ShouldBeNull();
    }

    [Fact]
    public void Equal_specificity_overlaps_unless_a_third_matches_the_intersection()
    {
        Rate[] pair = [Make(0, ("model", "gpt-4o")), Make(1, ("token_type", "output"))];
        var overlap = RateOverlaps.Find(pair).ShouldHaveSingleItem();
        (overlap.First.Index, overlap.Second.Index).ShouldBe((0, 1));
        RateOverlaps.Find([.. pair, Make(2, ("model", "gpt-4o"), ("token_type", "output"))]).ShouldBeEmpty();
        RateOverlaps.Find([.. pair, Make(2, ("model", "gpt-4o"), ("token_type", "input"))]).Count.ShouldBe(1);
    }

    [Fact]
    public void Shared_dimensions_that_differ_do_not_overlap()
    {
        RateOverlaps.Find([Make(0, ("model", "a"), ("tier", "batch")), Make(1, ("model", "b"), ("token_type", "input"))]).ShouldBeEmpty();
        RateOverlaps.Find([Make(0, ("model", "a"), ("tier", "batch")), Make(1, ("model", "a"), ("token_type", "input"))]).Count.ShouldBe(1);
        RateOverlaps.Find([Make(0, ("model", "a")), Make(1, ("model", "b"))]).ShouldBeEmpty();
    }

    [Fact]
    public void The_same_match_twice_overlaps() =>
        RateOverlaps.Find([Make(0, ("model", "a")), Make(1, ("model", "a"))]).Count.ShouldBe(1);

    [Fact]
    public void The_same_match_of_two_meters_does_not() =>
        RateOverlaps.Find([Make(0, ("model", "a")), Make(1, ("model", "a")) with { Meter = "images" }]).ShouldBeEmpty();

    // Model: try every rate, keep those that cover, take the most specific. Where no overlap is reported it must be unique.
    [Fact]
    public void Where_no_overlap_is_reported_the_winner_is_unique_and_found()
    {
        var dimension = Gen.Select(Gen.OneOf("model", "token_type", "tier"), Gen.OneOf("x", "y"));
        var match = dimension.Array[0, 3];
        Gen.Select(match.Array[1, 6], match).Sample((matches, usage) =>
        {
            var rates = matches.Select((dimensions, index) => Make(index, dimensions)).ToArray();
            var quantity = DimensionSet.Of(usage);
            var covering = rates.Where(rate => rate.Match.Covers(quantity)).ToArray();
            var best = covering.Where(rate => rate.Match.Count == covering.Max(other => other.Match.Count)).ToArray();
            if (RateOverlaps.Find(rates).Count == 0) best.Length.ShouldBeLessThanOrEqualTo(1);
            if (best.Length <= 1) new RateBook(rates).Of("llm")!.Find(quantity).ShouldBe(best.SingleOrDefault());
        });
    }

    [Fact]
    public void Of_each_card_the_version_with_the_latest_instant_not_after_is_in_force()
    {
        var (first, second, third) = (At(1), At(10), At(20));
        var timeline = new Timeline([
            new CardVersion(11, "a", 1, first, first, [Make(0)]), new CardVersion(12, "a", 2, third, first, [Make(0)]),
            new CardVersion(13, "a", 3, third, first, [Make(0)]), new CardVersion(14, "b", 1, second, first, [Make(0)])]);
        Ids(timeline, first.AddTicks(-1)).ShouldBeEmpty();
        Ids(timeline, first).ShouldBe([11]);
        Ids(timeline, second.AddTicks(-1)).ShouldBe([11]);
        Ids(timeline, second).ShouldBe([11, 14]);
        Ids(timeline, third).ShouldBe([13, 14]);
    }

    private static int[] Ids(Timeline timeline, DateTimeOffset instant) => [.. timeline.VersionsAt(instant).Select(version => version.Id)];

    private static DateTimeOffset At(int day) => new(2026, 1, day, 0, 0, 0, TimeSpan.Zero);

    private static int? Find(RateBook book, params (string, string)[] dimensions) => book.Of("llm")!.Find(DimensionSet.Of(dimensions))?.Index;

    private static Rate Make(int index, params (string, string)[] match) => new()
    {
        Index = index,
        Meter = "llm",
        Match = DimensionSet.Of(match),
        Unit = Rate.CreditUnit,
        Price = new Price { Model = PriceModel.PerUnit, Amount = 1m },
    };
}
