using Portal.Web.Components.Shared;

namespace Portal.Web.Tests.Components;

public sealed class TableQueryTests
{
    [Fact]
    public void An_address_reads_back_as_it_was_written()
    {
        var query = TableQuery.Parse("http://localhost/t/acme/activity?kind=usage&q=a%26b&sort=-at&size=50&after=abc");
        query.ShouldSatisfyAllConditions(
            () => query["kind"].ShouldBe("usage"),
            () => query["q"].ShouldBe("a&b"),
            () => query.Sort.ShouldBe("at"),
            () => query.Descending.ShouldBeTrue(),
            () => query.Size.ShouldBe(50),
            () => query.After.ShouldBe("abc"));
        query.ToUri("/t/acme/activity").ShouldBe("/t/acme/activity?kind=usage&q=a%26b&sort=-at&size=50&after=abc");
    }

    [Theory]
    [InlineData("?size=1000000", 200)]
    [InlineData("?size=-5", 10)]
    [InlineData("?size=many", 25)]
    public void Sizes_stay_in_range(string uri, int size) => TableQuery.Parse(uri).Size.ShouldBe(size);

    [Fact]
    public void Another_filter_begins_at_the_first_page()
    {
        var query = TableQuery.Parse("?after=abc&kind=usage").With("kind", " ").With("q", "x ");
        query.After.ShouldBeNull();
        query.ToUri("/list").ShouldBe("/list?q=x");
    }
}
