using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>The platform's people: they void and amend what was acknowledged, and grant more credits.</summary>
internal sealed class Clerks(Caller caller, Book book, Func<string> tenant)
{
    /// <summary>One correction, or one grant.</summary>
    public Task OnceAsync(Random random) => random.Next(4) == 0 ? GrantAsync(random) : CorrectAsync(random);

    private async Task GrantAsync(Random random)
    {
        var (customer, credits) = (tenant(), (decimal)random.Next(1, 5000));
        var answer = await caller.AskAsync(
            HttpMethod.Post, $"v1/tenants/{customer}/grants", GrantOf(credits, random.Next(3) == 0 ? "team" : "shared"), idempotencyKey: Guid.NewGuid().ToString("N"));
        if (answer is not { Succeeded: true })
        {
            book.Fault($"A grant was answered {answer?.Text ?? "never"}.");
            return;
        }

        book.Grant(customer, credits);
        book.Counts.Grants.Add();
    }

    /// <summary>A purchase of credits at a cent each.</summary>
    public static object GrantOf(decimal credits, string pool) =>
        new { credits = Figure.Text(credits), source = "purchase", pool, value = Figure.Text(credits / 100m), currency = "USD" };

    private async Task CorrectAsync(Random random)
    {
        if (book.NextToCorrect() is not { } entry) return;
        var sent = entry.Sent;
        SoakEvent? amended = random.Next(2) == 0 ? null : sent with { Work = Senders.Make(random, sent.Tenant).Work };
        if (amended is not null && amended.Type != sent.Type) amended = sent with { Work = sent.Work is ImageWork ? new ImageWork(sent.Work.Pool, 3) : new TextWork(sent.Work.Pool, "large", 10, 10) };
        if (amended is not null) amended = amended with { Work = amended.Work with { Pool = sent.Work.Pool } };
        var happened = amended is not null || random.Next(2) == 0;
        object body = amended is null
            ? new { source = sent.Source, id = sent.Id, reason = "The answer was cut off.", happened }
            : new { source = sent.Source, id = sent.Id, data = amended.Work.Data, reason = "It was counted wrongly." };
        var answer = await caller.AskAsync(
            HttpMethod.Post, $"v1/tenants/{sent.Tenant}/events/{(amended is null ? "void" : "amend")}", body, idempotencyKey: Guid.NewGuid().ToString("N"));
        if (answer is not { Succeeded: true })
        {
            book.Fault($"A correction of {sent.Id} was answered {answer?.Text ?? "never"}.");
            return;
        }

        entry.Stands = amended;
        if (amended is not null) entry.Costs = amended;
        else if (!happened) entry.Costs = null;
        (amended is null ? book.Counts.Voided : book.Counts.Amended).Add();
    }
}
