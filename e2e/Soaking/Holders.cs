using System.Globalization;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>Products that hold credits before the work and capture what it took, more or less; some release, some forget.</summary>
internal sealed class Holders(Caller caller, Book book, Func<string> tenant)
{
    /// <summary>One hold and what becomes of it.</summary>
    public async Task OnceAsync(Random random)
    {
        var (customer, credits) = (tenant(), decimal.Round((decimal)random.NextDouble() * 20m, 9));
        var fate = random.Next(8);
        var ttl = fate is 0 or 1 ? 1 : 20;
        var hold = await caller.AskAsync(
            HttpMethod.Post, "v1/holds", new { tenant = customer, credits = Figure.Text(credits), pool = random.Next(3) == 0 ? "team" : "shared", ttl_seconds = ttl },
            idempotencyKey: Guid.NewGuid().ToString("N"));
        if (hold is { Code: "insufficient_credits" }) book.Counts.HoldsRefused.Add();
        else if (hold is not { Succeeded: true }) book.Fault($"A hold was answered {hold?.Text ?? "never"}.");
        if (hold is not { Succeeded: true }) return;
        book.Counts.Holds.Add();
        var id = hold.Json["id"]!.GetValue<string>();
        switch (fate)
        {
            case 0:
                book.Counts.LeftToExpire.Add();
                break;
            case 1: // after it has expired: the work was done all the same
                await Task.Delay(TimeSpan.FromSeconds(1.2));
                await CaptureAsync(random, customer, id, credits);
                break;
            case 2:
                if (await caller.AskAsync(HttpMethod.Delete, $"v1/holds/{id}") is { Succeeded: true }) book.Counts.Released.Add();
                else book.Fault($"Hold {id} was not released.");
                break;
            default:
                await CaptureAsync(random, customer, id, credits);
                break;
        }
    }

    private async Task CaptureAsync(Random random, string customer, string hold, decimal held)
    {
        var work = Senders.Make(random, customer);
        SoakEvent captured;
        object body;
        if (random.Next(2) == 0)
        {
            var credits = decimal.Round(held * (decimal)(0.5 + random.NextDouble()), 9);
            captured = new SoakEvent("holds", hold, customer, DateTimeOffset.UtcNow, new CapturedWork(credits));
            body = new { credits = Figure.Text(credits) };
        }
        else
        {
            captured = work;
            body = work.ToCloudEvent();
        }

        book.Sending([captured]);
        var again = random.Next(4) == 0;
        var answer = await caller.AskAsync(HttpMethod.Post, $"v1/holds/{hold}/capture", body);
        if (answer is not { Succeeded: true })
        {
            book.Fault($"The capture of {hold} was answered {answer?.Text ?? "never"}.");
            return;
        }

        book.Acknowledged(captured, Figure.Of(answer.Json["credits"]));
        book.Counts.Captures.Add();
        if (answer.Json["hold"]!.GetValue<string>() == "expired") book.Counts.CapturesLate.Add();
        if (!again) return;
        var repeated = await caller.AskAsync(HttpMethod.Post, $"v1/holds/{hold}/capture", body);
        if (repeated is not null && repeated.Text != answer.Text)
            book.Fault(string.Create(CultureInfo.InvariantCulture, $"The capture of {hold} was answered {answer.Text}, and repeated {repeated.Text}."));
    }
}
