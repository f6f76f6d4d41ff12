using Portal.Domain.Ledger;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Counters;

/// <summary>Charges usage that is priced in money: one charge for each rate and period.</summary>
internal static class UsageCharges
{
    /// <summary>Adds what a rating accrues to the charges of the period in which the usage happened; a sign of -1 takes it out.</summary>
    public static void Accrue(WalletState wallet, LedgerTransaction posting, MeteredPeriods periods, DateTimeOffset occurredAt, Rating rating, int sign, string currency)
    {
        var period = periods.Of(occurredAt);
        wallet.Bill(periods.Of(wallet.Now).EndsAt, afterUsage: true); // what comes late is on the next one
        var left = rating.Money;
        foreach (var line in rating.Lines)
        {
            if (line.Rate is not { InCredits: false } rate) continue;
            left -= line.Money;
            wallet.Accrue(
                posting, Charge.Usage(rate.Meter, rate.Match.Key, period.StartsAt, period.EndsAt) with { Price = rate.Price }, sign * line.Quantity, sign * line.Money,
                Account.RevenueUsage, currency);
        }

        // Of usage that no rate explains any more.
        if (left != 0m) wallet.Accrue(posting, Charge.Usage("", "{}", period.StartsAt, period.EndsAt), 0m, sign * left, Account.RevenueUsage, currency);
    }
}
