using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.Sandbox;

/// <summary>
/// A payment provider that moves no money: hosted pages served by this portal, three test cards, signed webhooks. It keeps books of its
/// own in <c>sandbox_*</c>, apart from the portal's, and answers like a company on the other side of a network.
/// </summary>
public sealed partial class SandboxProvider(IDbContextFactory<PortalDbContext> contexts, SandboxSender sender, TimeProvider time) : IPaymentProvider
{
    /// <summary>Its key.</summary>
    public const string ProviderKey = "sandbox";

    private string? secret;

    /// <inheritdoc />
    public string Key => ProviderKey;

    /// <inheritdoc />
    public Problem? Refuses(Money amount) => null;

    /// <inheritdoc />
    public Task<Result<HostedPage>> CreateCheckoutAsync(CheckoutRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return OpenAsync(NewSession(
            SandboxSession.Payment, request.Reference, MinorUnits.Of(request.Amount), request.Amount.Currency, request.Description,
            request.SuccessUrl, request.CancelUrl, request.ExpiresAt), request.Portal, cancellationToken);
    }

    /// <inheritdoc />
    public Task<Result<HostedPage>> SaveMethodAsync(SaveMethodRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return OpenAsync(NewSession(
            SandboxSession.Setup, request.Reference, 0L, request.Currency, request.Description, request.SuccessUrl, request.CancelUrl,
            request.ExpiresAt), request.Portal, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<SavedMethod?> FindMethodAsync(Sought sought, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var method = await db.Set<SandboxMethod>().SingleOrDefaultAsync(m => m.Reference == sought.Reference, cancellationToken);
        return method is null ? null : new SavedMethod(method.Id, $"•••• {method.Last4}");
    }

    /// <inheritdoc />
    public async Task ForgetMethodAsync(string method, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"update sandbox_methods set forgotten = true where id = {method}", cancellationToken);
    }

    /// <inheritdoc />
    public async Task<Result<PaymentReport>> ChargeAsync(ChargeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var method = await db.Set<SandboxMethod>().FromSql($"select * from sandbox_methods where id = {request.Method} for update").SingleOrDefaultAsync(cancellationToken);
        var known = await db.Set<SandboxPayment>().SingleOrDefaultAsync(p => p.Reference == request.Reference && p.MethodId != null, cancellationToken);
        if (known is not null) return await ReportAsync(db, known, cancellationToken);
        if (method is null or { Forgotten: true }) return Declines.MethodGone;
        var failure = method.Card switch { "accepted" => null, "declined" => "card_declined", _ => "authentication_required" };
        var payment = NewPayment(request.Reference, request.Amount.Currency, MinorUnits.Of(request.Amount), failure, session: null, method.Id);
        db.Add(payment);
        await CommitAsync(db, transaction, failure is null ? "payment.succeeded" : "payment.declined", payment, cancellationToken);
        return await ReportAsync(db, payment, cancellationToken);
    }

    /// <inheritdoc />
    public Task<Result<PaymentReport>> RefundAsync(RefundRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return TakeBackAsync(request.ProviderPayment, request.Amount, request.Reference, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<PaymentReport>> LookUpAsync(Sought sought, CancellationToken cancellationToken)
    {
        var reference = sought.Reference;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var refunded = db.Set<SandboxRefund>().Where(refund => refund.Reference == reference).Select(refund => refund.PaymentId);
        var payments = await db.Set<SandboxPayment>().Where(p => p.Reference == reference || refunded.Contains(p.Id))
            .OrderBy(p => p.CreatedAt).ThenBy(p => p.Id).ToListAsync(cancellationToken);
        var reports = new List<PaymentReport>();
        foreach (var payment in payments) reports.Add(await ReportAsync(db, payment, cancellationToken));
        return reports;
    }

    /// <inheritdoc />
    public async Task<Result<IReadOnlyList<ProviderMessage>>> VerifyAsync(
        Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        secret ??= await sender.SecretAsync(cancellationToken);
        if (!SandboxSignature.IsValid(secret, TimeProvider.System.GetUtcNow(), header(SandboxSignature.Header), body.Span))
            return new Problem(ProblemKind.Invalid, "invalid_signature", "The signature does not match the body, or is too old.");
        return SandboxEvent.Parse(body.Span).Map<IReadOnlyList<ProviderMessage>>(message => [new ProviderMessage(message.Id, message.Type, body)]);
    }

    /// <inheritdoc />
    public Task<Result<ProviderEvent>> ReadAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        Task.FromResult(SandboxEvent.Parse(message.Span).Map(told => new ProviderEvent(told.Payment?.Report(), told.Reference)));

    /// <summary>A hosted page, or null.</summary>
    public async Task<SandboxSession?> FindSessionAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<SandboxSession>().SingleOrDefaultAsync(session => session.Id == id, cancellationToken);
    }

    /// <summary>
    /// A customer submits a card. Answers the session as it then stands: done, challenged, or with a failure after which another card may
    /// be tried. A page that is done stays as it is, so that a form posted twice pays once. Refuses: <c>card_not_allowed</c>,
    /// <c>unknown_session</c>, <c>checkout_expired</c>.
    /// </summary>
    public Task<Result<SandboxSession>> PayAsync(string sessionId, string? cardNumber, CancellationToken cancellationToken = default) =>
        SandboxCards.Find(cardNumber) is { } card
            ? ChangeAsync(sessionId, session => card switch
            {
                SandboxCard.Accepted => Outcome.Success(card),
                SandboxCard.Declined when session.IsSetup => Outcome.Success(card), // saved; declined when it is charged
                SandboxCard.Declined => Outcome.Refusal("card_declined"),
                SandboxCard.Challenged => Outcome.Challenge,
                _ => throw new ArgumentOutOfRangeException(nameof(cardNumber), "No such test card."),
            }, cancellationToken)
            : Task.FromResult<Result<SandboxSession>>(Problem.Field("card", "card_not_allowed", "Only the test cards are accepted here. Never enter a real card number."));

    /// <summary>The holder of a challenged card authenticates, or fails to. Refuses: <c>unknown_session</c>, <c>checkout_expired</c>, <c>not_challenged</c>.</summary>
    public Task<Result<SandboxSession>> AuthenticateAsync(string sessionId, bool approved, CancellationToken cancellationToken = default) =>
        ChangeAsync(sessionId, session => session.IsChallenged
            ? approved ? Outcome.Success(SandboxCard.Challenged) : Outcome.Refusal("authentication_failed")
            : null, cancellationToken);

    private async Task<Result<SandboxSession>> ChangeAsync(string sessionId, Func<SandboxSession, Outcome?> decide, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var session = await db.Set<SandboxSession>().FromSql($"select * from sandbox_sessions where id = {sessionId} for update")
            .AsTracking().SingleOrDefaultAsync(cancellationToken);
        if (session is null) return Problem.NotFound("unknown_session", "There is no such payment page.");
        if (session.IsDone) return session;
        if (session.ExpiresAt <= time.GetUtcNow()) return Problem.Conflict("checkout_expired", "The payment page has expired. Nothing was charged; start again.");
        if (decide(session) is not { } outcome) return Problem.Conflict("not_challenged", "There is nothing to authenticate.");
        (session.State, session.Failure) = (outcome.State, outcome.Failure);
        if (outcome.State == SandboxSession.Challenged || session.IsSetup)
        {
            if (session is { IsDone: true }) await SaveCardAsync(db, session, outcome.Card!.Value, cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return session;
        }

        var payment = NewPayment(session.Reference, Currency.Of(session.Currency), session.Amount, outcome.Failure, session.Id, method: null);
        db.Add(payment);
        await CommitAsync(db, transaction, outcome.Failure is null ? "payment.succeeded" : "payment.declined", payment, cancellationToken);
        return session;
    }

    private static async Task SaveCardAsync(PortalDbContext db, SandboxSession session, SandboxCard card, CancellationToken cancellationToken)
    {
        var name = card switch { SandboxCard.Accepted => "accepted", SandboxCard.Declined => "declined", _ => "challenged" };
        db.Add(new SandboxMethod { Id = NewId("sm"), Reference = session.Reference, Card = name, Last4 = SandboxCards.Last4(card) });
        await SandboxSender.AddAsync(db, new SandboxEvent(NewId("evt"), "method.saved", null, session.Reference), cancellationToken);
    }

    private async Task<Result<HostedPage>> OpenAsync(SandboxSession session, Uri portal, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var known = await db.Set<SandboxSession>().SingleOrDefaultAsync(s => s.Reference == session.Reference, cancellationToken);
        if (known is null)
        {
            db.Add(session);
            await db.SaveChangesAsync(cancellationToken);
        }

        var id = (known ?? session).Id;
        return new HostedPage(id, new Uri(portal, $"/sandbox/checkout/{id}"));
    }

    // The event stands in the same transaction as what it tells; it is sent once that is committed.
    private async Task CommitAsync(PortalDbContext db, IDbContextTransaction transaction, string type, SandboxPayment payment, CancellationToken cancellationToken)
    {
        await db.SaveChangesAsync(cancellationToken);
        var told = payment.Told(await RefundsAsync(db, payment, cancellationToken));
        await SandboxSender.AddAsync(db, new SandboxEvent(NewId("evt"), type, told), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        sender.Wake();
    }

    private static SandboxSession NewSession(
        string mode, string reference, long amount, Currency currency, string description, Uri success, Uri cancel, DateTimeOffset expires) => new()
        {
            Id = NewId("ss"),
            Mode = mode,
            Reference = reference,
            Amount = amount,
            Currency = currency.Code,
            Description = description,
            SuccessUrl = success.AbsoluteUri,
            CancelUrl = cancel.AbsoluteUri,
            ExpiresAt = expires,
        };

    private SandboxPayment NewPayment(string reference, Currency currency, long amount, string? failure, string? session, string? method) => new()
    {
        Id = NewId("sp"),
        Reference = reference,
        SessionId = session,
        MethodId = method,
        Currency = currency.Code,
        Amount = amount,
        Captured = failure is null ? amount : 0L,
        Failure = failure,
        CreatedAt = time.GetUtcNow(),
    };

    private static string NewId(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}_{RandomNumberGenerator.GetHexString(32, lowercase: true)}");

    private sealed record Outcome(string State, string? Failure, SandboxCard? Card)
    {
        public static Outcome Challenge { get; } = new(SandboxSession.Challenged, null, null);

        public static Outcome Success(SandboxCard card) => new(SandboxSession.Succeeded, null, card);

        public static Outcome Refusal(string failure) => new(SandboxSession.Open, failure, null);
    }
}
