using Portal.Testing;
using Xunit.Abstractions;

namespace Portal.Database.Tests.Years;

/// <summary>Forty tenants for fourteen months: the invariants hold at each month's end, and a second year of the same seed has the same books.</summary>
public sealed class YearInTheLifeTests(PostgresFixture postgres, ITestOutputHelper output) : IClassFixture<PostgresFixture>
{
    // What is changed at once is prorated to the instant at which it is, which differs by what the machine takes: by cents, not more.
    private const decimal ByTheSecond = 0.05m;

    [Fact]
    public async Task At_each_months_end_all_invariants_hold_and_the_whole_run_twice_gives_the_same_books()
    {
        var first = await LiveAsync(seed: 20300101);
        var second = await LiveAsync(seed: 20300101);
        second.Keys.ShouldBe(first.Keys);
        first.Where(book => Math.Abs(second[book.Key] - book.Value) > (IsSlack(book.Key) ? ByTheSecond : 0m))
            .Select(book => $"{book.Key}: {book.Value}, then {second[book.Key]}").ShouldBeEmpty();
    }

    private async Task<SortedDictionary<string, decimal>> LiveAsync(int seed)
    {
        await using var year = await Year.OpenAsync(postgres, seed);
        for (var month = 0; month < Year.Months; month++)
        {
            await year.LiveAsync(month);
            await year.World.BooksShouldBalanceAsync();
        }

        output.WriteLine(string.Join(", ", year.Done.Select(done => $"{done.Value} {done.Key}")));
        string[] expected =
        [
            "batches", "batches told again", "credit notes", "declined checkouts", "disputes", "downgrade", "packs", "refunds", "seats", "upgrade", "void invoices", "voided events",
        ];
        expected.ShouldBeSubsetOf(year.Done.Keys);
        (await year.World.Database.ScalarAsync("select count(*) > 300 from invoices where state = 'paid'")).ShouldBe(true);
        (await year.World.Database.ScalarAsync("select count(*) > 0 from invoices where tries > 0")).ShouldBe(true); // failed cards
        (await year.World.Database.ScalarAsync("select max(number) = count(*) from invoice_numbers where series = 'INV'")).ShouldBe(true);
        return await year.BooksAsync();
    }

    private static bool IsSlack(string subject) => int.Parse(subject.AsSpan(1, 2), System.Globalization.CultureInfo.InvariantCulture) % 8 == 2;
}
