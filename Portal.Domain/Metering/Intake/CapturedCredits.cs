using System.Globalization;
using System.Text;
using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Intake;

/// <summary>
/// The event that the engine writes of itself when a hold is captured by an amount instead of an event: no meter measures it, its credits
/// are what was said, what the platform paid for it is unknown.
/// </summary>
internal static class CapturedCredits
{
    /// <summary>Source, type and, where the hold names none, product of such an event.</summary>
    public const string Source = "holds", Type = "credits.captured", Product = "credits";

    /// <summary>The event of a hold captured now.</summary>
    public static UsageEvent EventOf(WalletTransaction wallet, Hold hold, decimal credits, long catalogueVersion)
    {
        var data = Encoding.UTF8.GetBytes($$"""{"credits":"{{Text(credits)}}"}""");
        var usage = new UsageEvent
        {
            Index = 0,
            Id = hold.PublicId,
            Source = Source,
            Type = Type,
            Subject = wallet.Directory.TenantKey,
            OccurredAt = wallet.Now,
            TenantId = wallet.TenantId,
            Key = EventIdentity.KeyOf(Source, hold.PublicId),
            OwnProduct = hold.Product ?? Product,
            Rating = RatingOf(credits),
            PreparedFor = catalogueVersion,
            PreparedWith = wallet.Directory.Prices,
            Data = data,
            Kept = data,
        };
        var reader = new Utf8JsonReader(data);
        reader.Read();
        usage.Digest = BodyDigest.Of(Type, usage.Subject, usage.OccurredAt, BodyDigest.Value(ref reader));
        return usage;
    }

    /// <summary>Digest of a capture by amount: whenever it is sent again it is the same.</summary>
    public static long DigestOf(Hold hold, decimal credits) => BodyDigest.Of(Type, Text(credits), hold.CreatedAt, 0);

    private static Rating RatingOf(decimal credits)
    {
        var amount = new Credits(credits);
        var measured = credits > 0m;
        RatedLine[] lines = measured ? [new RatedLine(credits, amount, 0m, null, DimensionSet.Empty, null, null)] : [];
        return new Rating(Rated: true, null, amount, 0m, null, measured ? null : 0m, null, null, credits, lines);
    }

    private static string Text(decimal credits) => credits.ToString("0.000000000", CultureInfo.InvariantCulture);
}
