using System.Net;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Domain.Notifications;

/// <summary>A mail that an automatic top-up has stopped, as it waits in the outbox.</summary>
/// <param name="To">The address.</param>
/// <param name="Pool">Key of the pool.</param>
public sealed record TopUpMail(string To, string Pool);

/// <summary>Writes mails about automatic top-ups when they are sent, so that they say how things stand then.</summary>
public sealed class TopUpMails(TenantReads reads, SiteAddress site)
{
    private const string Find = """
        select p.name, a.declines, a.failure from auto_top_ups a join pools p on p.tenant_id = a.tenant_id and p.pool_id = a.pool_id
        where a.tenant_id = $1 and p.key = $2 and a.off_at is not null
        """;

    private sealed record Stopped(string Pool, int Declines, string? Failure);

    /// <summary>The mail; null when it was switched on again or taken away meanwhile.</summary>
    public Task<Mail?> WriteAsync(long tenantId, TopUpMail mail, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mail);
        return reads.RunAsync(tenantId, async Task<Mail?> (read) =>
        {
            var found = await read.Connection.FindAsync(
                Find, row => new Stopped(row.GetString(0), row.GetInt32(1), row.Nullable<string>(2)), cancellationToken, tenantId, mail.Pool);
            if (found is null) return null;
            var tenant = (await Tenant.FindAsync(read.Connection, tenantId, cancellationToken))!;
            return Write(mail.To, found, new Uri(site.Root, $"t/{tenant.Key}/buy?pool={Uri.EscapeDataString(mail.Pool)}"));
        }, cancellationToken);
    }

    private static Mail Write(string to, Stopped stopped, Uri link)
    {
        var why = stopped.Failure == "no_payment_method" ? "no payment method is saved" : "the payment was refused";
        string[] says =
        [
            $"The automatic top-up of {stopped.Pool} has switched itself off: {why}, {stopped.Declines} times in a row.",
            "Nothing is bought by itself any more. Save another payment method, or buy credits, and switch the top-up on again.",
        ];
        return new Mail(
            to, $"The automatic top-up of {stopped.Pool} has stopped", string.Join("\n\n", [.. says, $"Buy credits:\n{link}"]) + "\n",
            string.Concat(says.Select(sentence => $"<p>{WebUtility.HtmlEncode(sentence)}</p>")) + $"<p><a href=\"{WebUtility.HtmlEncode(link.AbsoluteUri)}\">Buy credits</a></p>");
    }
}
