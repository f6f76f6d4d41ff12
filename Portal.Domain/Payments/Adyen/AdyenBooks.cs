using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.Adyen;

/// <summary>One thing that Adyen told of a payment; its own identity.</summary>
/// <param name="PspReference">Adyen's id of what happened.</param>
/// <param name="EventCode">What happened.</param>
/// <param name="Success">Whether it went well.</param>
/// <param name="Payment">Adyen's id of the payment.</param>
/// <param name="Reference">Our reference.</param>
/// <param name="Amount">In Adyen's units.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Reason">Why not.</param>
internal sealed record AdyenMovement(
    string PspReference, string EventCode, bool Success, string Payment, string? Reference, long Amount, string Currency, string? Reason);

/// <summary>
/// What Adyen told, kept once each: its API tells no payment's standing, so that is added up from here. Every movement is a row, so order
/// and repeats do not matter.
/// </summary>
internal sealed class AdyenBooks(NpgsqlDataSource source)
{
    /// <summary>Our own mark for a refund that Adyen took on and has not told the end of.</summary>
    public const string RefundReceived = "refund_received";

    /// <summary>Whether a notification says anything of what a payment came to; the others are reports, inquiries and states between.</summary>
    public static bool MovesMoney(string eventCode) =>
        eventCode is "AUTHORISATION" or "CAPTURE_FAILED" or "REFUND" or "REFUND_FAILED" or "REFUNDED_REVERSED" or "CANCEL_OR_REFUND" or "CHARGEBACK" or "SECOND_CHARGEBACK" or "CHARGEBACK_REVERSED";

    public async Task KeepAsync(AdyenMovement movement, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            insert into adyen_movements (psp_reference, event_code, success, payment, reference, amount, currency, reason) values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict do nothing
            """);
        foreach (var value in new object?[]
                 {
                     movement.PspReference, movement.EventCode, movement.Success, movement.Payment, movement.Reference, movement.Amount, movement.Currency, movement.Reason,
                 })
        {
            command.Parameters.Add(value is null ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text } : Columns.Parameter(value));
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The payments that were made, or given back from, under a reference, or that have this id.</summary>
    public async Task<IReadOnlyList<PaymentReport>> FindAsync(string reference, string? payment, CancellationToken cancellationToken)
    {
        var payments = await source.ListAsync(
            "select distinct payment from adyen_movements where reference = $1 or payment = $2", row => row.GetString(0), cancellationToken, reference, payment ?? "");
        var reports = new List<PaymentReport>();
        foreach (var id in payments)
        {
            if (await ReportAsync(id, cancellationToken) is { } report) reports.Add(report);
        }

        return reports;
    }

    /// <summary>A payment as it stands; null while only things that come after it were told.</summary>
    public async Task<PaymentReport?> ReportAsync(string payment, CancellationToken cancellationToken)
    {
        var told = await source.ListAsync(
            "select psp_reference, event_code, success, payment, reference, amount, currency::text, reason from adyen_movements where payment = $1 order by kept_at, psp_reference",
            row => new AdyenMovement(
                row.GetString(0), row.GetString(1), row.GetBoolean(2), row.GetString(3), row.Nullable<string>(4), row.GetInt64(5), row.GetString(6), row.Nullable<string>(7)),
            cancellationToken, payment);
        var authorisations = told.Where(movement => movement.EventCode == "AUTHORISATION").ToArray();
        if (authorisations.Length == 0) return null;
        var authorisation = authorisations.FirstOrDefault(movement => movement.Success) ?? authorisations[0];
        var currency = Currency.Of(authorisation.Currency);
        var refunds = told.Where(movement => movement.EventCode is RefundReceived or "REFUND" or "REFUND_FAILED" or "REFUNDED_REVERSED" or "CANCEL_OR_REFUND")
            .GroupBy(movement => movement.PspReference, StringComparer.Ordinal).Select(group => Refund(group.ToArray(), currency)).ToArray();
        decimal Sum(params string[] codes) => AdyenUnits.Units.Amount(
            told.Where(movement => movement.Success && codes.Contains(movement.EventCode, StringComparer.Ordinal)).Sum(movement => movement.Amount), currency);
        return new PaymentReport(
            payment,
            authorisation.Reference,
            currency,
            authorisation.Success ? AdyenUnits.Units.Amount(authorisation.Amount, currency) : 0m,
            refunds.Where(refund => refund is { Failure: null, UnderWay: false }).Sum(refund => refund.Amount) + Sum("CAPTURE_FAILED"), // never came
            Sum("CHARGEBACK", "SECOND_CHARGEBACK"),
            authorisation.Success ? null : AdyenDeclines.Of(authorisation.Reason),
            Sum("CHARGEBACK_REVERSED"),
            [.. refunds.Where(refund => refund.Reference != authorisation.Reference)]);
    }

    private static RefundReport Refund(AdyenMovement[] told, Currency currency)
    {
        var amount = AdyenUnits.Units.Amount(told[0].Amount, currency);
        var reference = told.Select(movement => movement.Reference).FirstOrDefault(text => text is not null) ?? "";
        var failed = Array.Find(told, movement => movement is { EventCode: "REFUND_FAILED" or "REFUNDED_REVERSED", Success: true } or { EventCode: "REFUND" or "CANCEL_OR_REFUND", Success: false });
        if (failed is not null) return new RefundReport(reference, amount, failed.Reason is { Length: > 0 } reason ? reason : "refund_failed");
        return new RefundReport(reference, amount, UnderWay: told.All(movement => movement.EventCode == RefundReceived));
    }
}
