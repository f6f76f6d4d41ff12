using System.Globalization;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>Gateways that send usage in batches, each batch until it is acknowledged, and sometimes again later.</summary>
internal sealed class Senders(Caller caller, Book book, Func<string> tenant)
{
    private const string Batch = "application/cloudevents-batch+json";

    /// <summary>Sends one batch, or one that was sent before.</summary>
    public Task OnceAsync(Random random) => random.Next(12) switch
    {
        0 => RepeatAsync(random),
        1 => ContradictAsync(random),
        _ => SendAsync(random),
    };

    private async Task SendAsync(Random random)
    {
        var mixed = random.Next(3) == 0; // as a gateway's batches are; else a batch is one customer's
        var one = tenant();
        var batch = Enumerable.Range(0, random.Next(1, random.Next(8) == 0 ? 200 : 30)).Select(_ => Make(random, mixed ? tenant() : one)).ToArray();
        book.Sending(batch);
        book.Counts.Batches.Add();
        var body = batch.Select(e => e.ToCloudEvent()).ToArray();
        // Some lose their connection before they hear the answer, and some of them do not insist: what they sent may be there or not.
        if (random.Next(12) == 0)
        {
            await caller.HangUpAsync("v1/events", body, Batch, TimeSpan.FromMilliseconds(random.Next(60)));
            if (random.Next(3) == 0)
            {
                book.Counts.GivenUp.Add(batch.Length);
                return;
            }
        }

        var answer = await caller.AskAsync(HttpMethod.Post, "v1/events", body, Batch);
        if (answer is null)
        {
            book.Fault($"A batch of {batch.Length} was never answered.");
            return;
        }

        if (!answer.Succeeded)
        {
            book.Fault($"A batch was refused: {(int)answer.Status} {answer.Text}");
            return;
        }

        foreach (var (sent, told) in batch.Zip(answer.Events())) book.Answered(sent, told);
    }

    /// <summary>Sends acknowledged events once more, as they were: they are known and came to what they came to.</summary>
    private async Task RepeatAsync(Random random)
    {
        var again = Enumerable.Range(0, random.Next(1, 30)).Select(_ => book.Any(random)).OfType<Entry>().Distinct().ToArray();
        if (again.Length > 0) await RepeatAsync(again);
    }

    /// <summary>Sends events once more; each must be known.</summary>
    public async Task RepeatAsync(IReadOnlyCollection<Entry> again)
    {
        var answer = await caller.AskAsync(HttpMethod.Post, "v1/events", again.Select(entry => entry.Sent.ToCloudEvent()), Batch);
        foreach (var (entry, told) in again.Zip(answer is { Succeeded: true } ? answer.Events() : []))
        {
            if (told.Status == "duplicate") book.Counts.Duplicates.Add();
            else book.Fault($"Event {entry.Sent.Id} was acknowledged, and sent again it is {told.Status}.");
            if (told.Credits != entry.Credits) book.Fault($"Event {entry.Sent.Id} came to {entry.Credits}, and sent again to {told.Credits}.");
        }
    }

    /// <summary>Sends an acknowledged event with another body: nothing must come of it.</summary>
    private async Task ContradictAsync(Random random)
    {
        if (book.Any(random) is not { } entry) return;
        var other = entry.Sent with { At = entry.Sent.At.AddSeconds(-1) };
        var answer = await caller.AskAsync(HttpMethod.Post, "v1/events", new[] { other.ToCloudEvent() }, Batch);
        if (answer is null) return;
        if (answer.Events()[0].Status == "conflict") book.Counts.Conflicts.Add();
        else book.Fault($"Event {entry.Sent.Id} with another body was answered {answer.Text}");
    }

    /// <summary>An event of a customer, now or some time ago.</summary>
    public static SoakEvent Make(Random random, string tenant)
    {
        var pool = random.Next(3) == 0 ? "team" : "shared";
        Work work = random.Next(5) == 0
            ? new ImageWork(pool, random.Next(1, 12))
            : new TextWork(pool, Prices.Models[random.Next(Prices.Models.Length)], random.Next(1, 9000), random.Next(0, 1500));
        var ago = random.Next(10) switch
        {
            0 => TimeSpan.FromDays(random.NextDouble() * 20),
            1 => TimeSpan.FromHours(random.NextDouble() * 3),
            _ => TimeSpan.FromSeconds(random.NextDouble()),
        };
        return new SoakEvent(SoakEvent.OurSource, NextId(random), tenant, DateTimeOffset.UtcNow - ago, work);
    }

    private static long taken;

    private static string NextId(Random random) =>
        string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds():x}-{Interlocked.Increment(ref taken):x}-{random.Next():x}");
}
