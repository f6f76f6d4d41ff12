using System.Net;
using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.CheckoutCom;

/// <summary>Payments as they stand at Checkout.com: their balances, their actions, their disputes.</summary>
public sealed partial class CheckoutComProvider
{
    private const int PageSize = 100;

    /// <inheritdoc />
    public async Task<IReadOnlyList<PaymentReport>> LookUpAsync(Sought sought, CancellationToken cancellationToken)
    {
        // A refund is sought by the payment that it is of; hosted pages (hpp_…) and charges by their reference.
        if (sought.ProviderObject is { } known && known.StartsWith("pay_", StringComparison.Ordinal))
            return await ReportAsync(known, cancellationToken) is { } standing ? [standing] : [];
        var reports = new List<PaymentReport>();
        foreach (var payment in await FoundAsync(sought.Reference, cancellationToken))
        {
            if (JsonAnswer.Text(payment, "id") is { } id && await ReportAsync(id, cancellationToken) is { } report) reports.Add(report);
        }

        return reports;
    }

    private async Task<List<JsonElement>> FoundAsync(string reference, CancellationToken cancellationToken)
    {
        var found = new List<JsonElement>();
        while (true)
        {
            var answer = await line.GetAsync(
                FormattableString.Invariant($"payments?reference={Uri.EscapeDataString(reference)}&limit={PageSize}&skip={found.Count}"), cancellationToken);
            var page = JsonAnswer.Items(JsonAnswer.Member(answer.Body, "data")).ToArray();
            found.AddRange(page);
            if (page.Length == 0 || found.Count >= JsonAnswer.Number(answer.Body, "total_count")) return found;
        }
    }

    /// <summary>A payment as it stands; null when Checkout.com has none of that id.</summary>
    private async Task<PaymentReport?> ReportAsync(string id, CancellationToken cancellationToken)
    {
        var path = $"payments/{Uri.EscapeDataString(id)}";
        var payment = await line.GetAsync(path, cancellationToken);
        if (payment.Status == HttpStatusCode.NotFound) return null;
        if (!payment.Succeeded || Currency.Find(payment.Text("currency")) is not { } currency) throw Unreadable();
        decimal Amount(long units) => CheckoutComUnits.Units.Amount(units, currency);
        var captured = JsonAnswer.Number(JsonAnswer.Member(payment.Body, "balances"), "total_captured");
        var actions = captured == 0 ? [] : JsonAnswer.Items((await line.GetAsync(path + "/actions", cancellationToken)).Body).ToArray();
        var refunds = actions.Where(action => JsonAnswer.Text(action, "type") == "Refund").ToArray();
        var (disputed, reinstated) = captured == 0 ? (0L, 0L) : await DisputesAsync(id, cancellationToken);
        return new PaymentReport(
            id,
            payment.Text("reference"),
            currency,
            Amount(captured),
            Amount(refunds.Where(IsApproved).Sum(action => JsonAnswer.Number(action, "amount"))),
            Amount(disputed),
            captured > 0 ? null : FailureOf(payment),
            Amount(reinstated),
            [.. refunds.Where(action => JsonAnswer.Text(action, "reference") is { Length: > 0 }).Select(action => new RefundReport(
                JsonAnswer.Text(action, "reference")!, Amount(JsonAnswer.Number(action, "amount")),
                IsDecided(action) && !IsApproved(action) ? JsonAnswer.Text(action, "response_code") ?? "refund_failed" : null,
                UnderWay: !IsDecided(action)))]);
    }

    // Money is taken when a dispute is opened; it comes back when the dispute is won or called off.
    private async Task<(long Disputed, long Reinstated)> DisputesAsync(string payment, CancellationToken cancellationToken)
    {
        var (disputed, reinstated, seen) = (0L, 0L, 0);
        while (true)
        {
            var answer = await line.GetAsync(
                FormattableString.Invariant($"disputes?payment_id={Uri.EscapeDataString(payment)}&limit={PageSize}&skip={seen}"), cancellationToken);
            var page = JsonAnswer.Items(JsonAnswer.Member(answer.Body, "data")).ToArray();
            foreach (var dispute in page)
            {
                var amount = JsonAnswer.Number(dispute, "amount");
                disputed += amount;
                if (JsonAnswer.Text(dispute, "status") is "won" or "canceled" or "resolved" or "arbitration_won") reinstated += amount;
            }

            seen += page.Length;
            if (page.Length == 0 || seen >= JsonAnswer.Number(answer.Body, "total_count")) return (disputed, reinstated);
        }
    }

    private static string? FailureOf(JsonAnswer payment) => payment.Text("status") switch
    {
        "Declined" => CheckoutComDeclines.Of(payment.Text("response_code") ?? LastCode(payment)),
        "Canceled" or "Voided" or "Expired" => Declines.Cancelled,
        "Card Verified" => null,
        _ => null, // Pending, Authorized: under way
    };

    private static string? LastCode(JsonAnswer payment) => JsonAnswer.Items(JsonAnswer.Member(payment.Body, "actions")) is var actions && actions.Any()
        ? JsonAnswer.Text(actions.Last(), "response_code")
        : null;

    private static bool IsDecided(JsonElement action) => JsonAnswer.Member(action, "approved").ValueKind is JsonValueKind.True or JsonValueKind.False;

    private static bool IsApproved(JsonElement action) => JsonAnswer.Member(action, "approved").ValueKind == JsonValueKind.True;
}
