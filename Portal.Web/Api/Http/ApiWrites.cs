using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;

namespace Portal.Web.Api.Http;

/// <summary>
/// Runs what changes something: one transaction for the effect and, when the request carries an <c>Idempotency-Key</c>, for the answer
/// that its repeats get. Only successes are kept; what failed may be tried again.
/// </summary>
public sealed class ApiWrites(NpgsqlDataSource source, Wallets wallets)
{
    /// <summary>Changes one tenant under the lock of its wallet.</summary>
    public async Task<IResult> InWalletAsync(HttpContext http, long tenantId, Func<WalletTransaction, Task<Result<Answer>>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var request = await RequestAsync(http);
        if (request.Problem is { } problem) return new ProblemAnswer(problem);
        var cancellationToken = http.RequestAborted;
        var result = await wallets.RunAsync<Reply>(
            tenantId,
            request.Value is { } claim ? connection => EarlierAsync(connection, claim, cancellationToken) : null,
            async wallet =>
            {
                wallet.Actor = http.Caller().Actor;
                return await FinishAsync(wallet.Connection, request.Value, await work(wallet), cancellationToken);
            },
            cancellationToken);
        return result.Match<IResult>(reply => reply, failure => new ProblemAnswer(failure));
    }

    /// <summary>Changes what belongs to no wallet: the platform's own settings, the catalogue, tenants to come.</summary>
    public async Task<IResult> InPlatformAsync(HttpContext http, Func<PlatformTransaction, Task<Result<Answer>>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var request = await RequestAsync(http);
        if (request.Problem is { } problem) return new ProblemAnswer(problem);
        var cancellationToken = http.RequestAborted;
        var result = await PlatformTransaction.RunAsync<Reply>(
            source,
            async platform =>
            {
                if (request.Value is { } claim && await EarlierAsync(platform.Connection, claim, cancellationToken) is { } earlier) return earlier;
                platform.Actor = http.Caller().Actor;
                return await FinishAsync(platform.Connection, request.Value, await work(platform), cancellationToken);
            },
            cancellationToken);
        return result.Match<IResult>(reply => reply, failure => new ProblemAnswer(failure));
    }

    private static async Task<Result<Reply>?> EarlierAsync(NpgsqlConnection connection, IdempotentRequest request, CancellationToken cancellationToken)
    {
        var (standing, answer) = await IdempotencyKeys.ClaimAsync(connection, request, cancellationToken);
        return standing switch
        {
            IdempotencyStanding.First => (Result<Reply>?)null,
            IdempotencyStanding.Answered => (Result<Reply>)new Reply(answer!, Repeated: true),
            IdempotencyStanding.OtherBody => (Result<Reply>)Problem.Conflict(
                "idempotency_conflict", "This Idempotency-Key was used with another body. Use a new key for a new request."),
            IdempotencyStanding.InFlight => (Result<Reply>)Problem.Conflict(
                ApiProblems.InProgress, "A request with this Idempotency-Key is being answered. Repeat it in a moment."),
            _ => throw new InvalidOperationException($"{standing}"),
        };
    }

    private static async Task<Result<Reply>> FinishAsync(
        NpgsqlConnection connection, IdempotentRequest? request, Result<Answer> result, CancellationToken cancellationToken)
    {
        if (result.Problem is { } problem) return problem;
        if (request is not null) await IdempotencyKeys.KeepAsync(connection, request, result.Value.Kept(), cancellationToken);
        return new Reply(result.Value.Sent(), Repeated: false);
    }

    // Every POST that changes something accepts a key; PUT, PATCH and DELETE may be repeated as they are.
    private static async Task<Result<IdempotentRequest?>> RequestAsync(HttpContext http)
    {
        if (!HttpMethods.IsPost(http.Request.Method) || http.Request.Headers["Idempotency-Key"] is not { Count: > 0 } header) return (IdempotentRequest?)null;
        if (header is not [{ Length: > 0 and <= 255 } key] || key.Any(character => character is < ' ' or > '~'))
            return new Problem(ProblemKind.Invalid, "invalid_idempotency_key", "An Idempotency-Key is 1 to 255 printable ASCII characters.");
        var body = await http.ReadBodyAsync();
        if (body.Problem is { } problem) return problem;
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(Encoding.UTF8.GetBytes(http.Request.QueryString.Value + "\n"));
        digest.AppendData(body.Value.Span);
        var caller = http.Caller();
        return new IdempotentRequest(
            caller.Key.TenantId, caller.Key.Id, $"{http.Request.Method} {http.Request.Path.Value}", key, digest.GetHashAndReset());
    }
}
