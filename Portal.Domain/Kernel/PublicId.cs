using System.Globalization;

namespace Portal.Domain.Kernel;

/// <summary>
/// Ids as the API shows them: a prefix that names the kind, the tenant and a UUID, so that a row is found on its shard
/// without asking where it is. Opaque to clients.
/// </summary>
public static class PublicId
{
    /// <summary>Kinds of ids and their prefixes.</summary>
    public const string Grant = "grant", Hold = "hold", Checkout = "checkout", Invoice = "inv", Event = "evt", Transaction = "txn",
        Payment = "pay", Refund = "refund", Subscription = "sub", Member = "mem", ApiKey = "key", Attempt = "att", PaymentMethod = "pm",
        Endpoint = "we", Delivery = "whd", Message = "msg", CreditNote = "cn";

    /// <summary>The text of an id: <c>grant_1k_0199…</c>.</summary>
    public static string Format(string prefix, long tenantId, Guid id) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}_{tenantId:x}_{id:N}");

    /// <summary>Reads a text made by <see cref="Format"/>; false for anything else.</summary>
    public static bool TryParse(string prefix, string? text, out long tenantId, out Guid id)
    {
        tenantId = 0;
        id = default;
        if (text is null || !text.StartsWith(prefix + "_", StringComparison.Ordinal)) return false;
        var rest = text.AsSpan(prefix.Length + 1);
        var split = rest.IndexOf('_');
        return split > 0
            && long.TryParse(rest[..split], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out tenantId)
            && tenantId > 0
            && Guid.TryParseExact(rest[(split + 1)..], "N", out id);
    }
}
