using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Domain.Revenue;

/// <summary>A calendar month of the platform's reporting zone.</summary>
/// <param name="FirstDay">Its first day.</param>
public readonly record struct BookMonth(DateOnly FirstDay) : IComparable<BookMonth>
{
    private const string Format = "yyyy-MM";

    /// <summary>First day after it.</summary>
    public DateOnly End => FirstDay.AddMonths(1);

    /// <summary>The month after it.</summary>
    public BookMonth Next => new(End);

    /// <summary>The month of a day.</summary>
    public static BookMonth Of(DateOnly day) => new(new DateOnly(day.Year, day.Month, 1));

    /// <summary>Reads <c>yyyy-MM</c>. Refuses <c>invalid_month</c>.</summary>
    /// <param name="field">Where it stands, for the problem.</param>
    /// <param name="text">The text.</param>
    public static Result<BookMonth> Read(string field, string? text) =>
        DateOnly.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is >= 1900 and < 9000
            ? Of(day)
            : Problem.Field(field, "invalid_month", "Give a month as 2026-03.");

    /// <summary>The month a number of months later, or earlier.</summary>
    public BookMonth Plus(int months) => new(FirstDay.AddMonths(months));

    /// <inheritdoc />
    public int CompareTo(BookMonth other) => FirstDay.CompareTo(other.FirstDay);

    /// <summary>Before another.</summary>
    public static bool operator <(BookMonth left, BookMonth right) => left.CompareTo(right) < 0;

    /// <summary>After another.</summary>
    public static bool operator >(BookMonth left, BookMonth right) => left.CompareTo(right) > 0;

    /// <summary>Not after another.</summary>
    public static bool operator <=(BookMonth left, BookMonth right) => left.CompareTo(right) <= 0;

    /// <summary>Not before another.</summary>
    public static bool operator >=(BookMonth left, BookMonth right) => left.CompareTo(right) >= 0;

    /// <summary>As <c>yyyy-MM</c>.</summary>
    public override string ToString() => FirstDay.ToString(Format, CultureInfo.InvariantCulture);
}
