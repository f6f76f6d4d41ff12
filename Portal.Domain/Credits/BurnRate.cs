namespace Portal.Domain.Wallet;

/// <summary>
/// How fast credits are used, in credits per day, from the last <see cref="Days"/> days: the average of the last seven (of all when
/// those were silent), between the quietest and the busiest week among them.
/// </summary>
/// <param name="Low">Of the quietest week.</param>
/// <param name="Likely">Expected; above 0.</param>
/// <param name="High">Of the busiest week.</param>
public sealed record BurnRate(decimal Low, decimal Likely, decimal High)
{
    /// <summary>Days looked back at.</summary>
    public const int Days = 28;

    private const int Week = 7;

    /// <summary>The rate of a past; null when nothing was used in it.</summary>
    /// <param name="credits">Credits used per day, the last 24 hours first. What lies before the first use does not count.</param>
    public static BurnRate? Of(IReadOnlyList<decimal> credits)
    {
        ArgumentNullException.ThrowIfNull(credits);
        var days = credits.Count;
        while (days > 0 && credits[days - 1] <= 0m) days--;
        if (days == 0) return null;
        var likely = Average(credits, 0, Math.Min(Week, days));
        if (likely <= 0m) likely = Average(credits, 0, days);
        // A past shorter than two weeks is compared by its halves.
        var length = Math.Clamp(days / 2, 1, Week);
        var weeks = Enumerable.Range(0, days - length + 1).Select(start => Average(credits, start, length)).ToArray();
        return new BurnRate(Math.Min(likely, weeks.Min()), likely, Math.Max(likely, weeks.Max()));
    }

    private static decimal Average(IReadOnlyList<decimal> credits, int start, int length) =>
        Enumerable.Range(start, length).Sum(day => credits[day]) / length;
}
