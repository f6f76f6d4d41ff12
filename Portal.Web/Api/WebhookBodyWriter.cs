using System.Text.Json;
using Portal.Domain.Alerts;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.TopUps;
using Portal.Domain.Subscriptions;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Domain.Webhooks;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Writes messages of webhooks: their <c>data</c> is the document that the API's GET answers a tenant's key.</summary>
public sealed class WebhookBodyWriter(TenantReads reads, Checkouts checkouts) : IWebhookBodyWriter
{
    /// <inheritdoc />
    public async Task<string> WriteAsync(WebhookEvent told, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(told);
        var data = await DataAsync(told, cancellationToken);
        return JsonSerializer.Serialize(new WebhookMessage(told.MessageId, told.Type, told.CreatedAt, told.TenantKey, data), ApiJson.Options);
    }

    // Null when there is no such object any more.
    private async Task<object?> DataAsync(WebhookEvent told, CancellationToken cancellationToken)
    {
        if (told.Type == WebhookEventTypes.Test) return new TestDocument(told.Subject);
        if (PublicId.TryParse(PublicId.Checkout, told.Subject, out var owner, out var checkout))
            return owner == told.TenantId && await checkouts.FindAsync(told.TenantId, checkout, cancellationToken) is { } found ? CheckoutsApi.Document(checkouts, found) : null;
        return await reads.RunAsync(told.TenantId, read => OfTenantAsync(read, told, cancellationToken), cancellationToken);
    }

    private static async Task<object?> OfTenantAsync(TenantRead read, WebhookEvent told, CancellationToken cancellationToken)
    {
        if (IsOf(PublicId.Invoice, out var id))
            return await InvoiceQuery.FindAsync(read.Connection, read.TenantId, id, read.Zone, cancellationToken) is { } invoice ? InvoiceDocument.Of(invoice, told.TenantKey) : null;
        if (IsOf(PublicId.Payment, out id)) return await PaymentQuery.FindAsync(read, id, cancellationToken) is { } payment ? PaymentDocument.Of(payment) : null;
        if (IsOf(PublicId.Grant, out id)) return await GrantQuery.FindAsync(read, id, cancellationToken) is { } grant ? GrantDocument.Of(grant.Grant, grant.Pool) : null;
        if (IsOf(PublicId.Subscription, out id)) return await SubscriptionsApi.DocumentAsync(read, id, cancellationToken);
        return told.Type switch
        {
            WebhookEventTypes.AllowancePassed => await AllowanceAsync(read, told.Subject, cancellationToken),
            WebhookEventTypes.TopUpStopped => await TopUpAsync(read, told.Subject, cancellationToken),
            WebhookEventTypes.PoolExhausted => (await Balances.ReadAsync(read, cancellationToken)).Pools.FirstOrDefault(pool => pool.Key == told.Subject) is { } pool ? PoolBalanceDocument.Of(pool) : null,
            WebhookEventTypes.AlertFired or WebhookEventTypes.AlertRecovered =>
                await AlertSettings.FindAsync(read.Connection, read.TenantId, told.Subject, cancellationToken) is { } alert ? AlertDocument.Of(alert) : null,
            _ => null,
        };

        // The pool's key and the consumer's.
        static async Task<AllowanceStanding?> AllowanceAsync(TenantRead read, string subject, CancellationToken cancellationToken)
        {
            var split = subject.IndexOf('/', StringComparison.Ordinal);
            return (await AllowanceSettings.ListAsync(read, subject[(split + 1)..], cancellationToken)).FirstOrDefault(allowance => allowance.Pool == subject[..split]);
        }

        static async Task<AutoTopUpDocument?> TopUpAsync(TenantRead read, string pool, CancellationToken cancellationToken)
        {
            var ids = await read.Connection.ListAsync("select pool_id from pools where tenant_id = $1 and key = $2", row => row.GetInt32(0), cancellationToken, read.TenantId, pool);
            return ids is [var id] && await AutoTopUps.FindAsync(read.Connection, read.TenantId, id, read.Zone, read.Now, cancellationToken) is { } setting
                ? AutoTopUpDocument.Of(setting, read.Now)
                : null;
        }

        bool IsOf(string kind, out Guid found) => PublicId.TryParse(kind, told.Subject, out var owner, out found) && owner == told.TenantId;
    }
}

/// <summary>What a webhook says.</summary>
/// <param name="Id">Of the message; header `webhook-id`, the same at every try.</param>
/// <param name="Type">What happened.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="Tenant">Whom it concerns: the tenant's key.</param>
/// <param name="Data">The object as GET answers it.</param>
public sealed record WebhookMessage(string Id, string Type, DateTimeOffset CreatedAt, string Tenant, object? Data);

/// <summary>What a test message says.</summary>
/// <param name="Endpoint">Id of the endpoint that is tried.</param>
public sealed record TestDocument(string Endpoint);
