using System.Globalization;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Webhooks;

/// <summary>Where somebody wants to be told what happens.</summary>
/// <param name="TenantId">Whose it is; 0 is the platform, whose endpoints hear of every tenant.</param>
/// <param name="Id">UUIDv7.</param>
/// <param name="Url">Where messages go.</param>
/// <param name="Types">Of <see cref="WebhookEventTypes.All"/>; none: all.</param>
/// <param name="Description">What people call it.</param>
/// <param name="State">One of <see cref="EndpointState"/>.</param>
/// <param name="Reason">Why it is disabled.</param>
/// <param name="FailingSince">Since when it took nothing; null when the last message was taken.</param>
/// <param name="OldSecretUntil">Until when the secret before signs too.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record WebhookEndpoint(
    long TenantId, Guid Id, Uri Url, IReadOnlyList<string> Types, string Description, string State, string? Reason, DateTimeOffset? FailingSince,
    DateTimeOffset? OldSecretUntil, DateTimeOffset CreatedAt)
{
    internal const string Columns = "tenant_id, id, url, types, description, state, reason, failing_since, old_secret_until, created_at";

    /// <summary>The id as the API shows it.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.Endpoint, TenantId, Id);

    /// <summary>Reads <see cref="PublicId"/> of an endpoint of that tenant, or of the platform: 0.</summary>
    public static bool TryParseId(long tenantId, string? text, out Guid id) => TryParse(Kernel.PublicId.Endpoint, tenantId, text, out id);

    internal static bool TryParse(string kind, long tenantId, string? text, out Guid id)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{kind}_{tenantId:x}_");
        id = default;
        return text is not null && text.StartsWith(prefix, StringComparison.Ordinal) && Guid.TryParseExact(text[prefix.Length..], "N", out id);
    }

    internal static WebhookEndpoint Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetGuid(1), new Uri(row.GetString(2)), row.GetFieldValue<string[]>(3), row.GetString(4), row.GetString(5), row.Nullable<string>(6),
        row.Nullable<DateTimeOffset?>(7), row.Nullable<DateTimeOffset?>(8), row.GetFieldValue<DateTimeOffset>(9));
}

/// <summary>How an endpoint stands.</summary>
public static class EndpointState
{
    /// <summary>The values.</summary>
    public const string Active = "active", Disabled = "disabled", Removed = "removed";
}
