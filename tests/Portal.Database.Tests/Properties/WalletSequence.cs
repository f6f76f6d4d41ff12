using System.Diagnostics;
using System.Globalization;
using System.Text;
using Portal.Domain.Revenue;
using Portal.Testing;

namespace Portal.Database.Tests.Properties;

/// <summary>Runs a list of commands on engine and model, one after another, and compares them after each.</summary>
internal static class WalletSequence
{
    /// <summary>What the engine did otherwise than the model, with what led to it as sentences; null when they agree to the end.</summary>
    public static async Task<string?> FindDifferenceAsync(PostgresFixture postgres, IReadOnlyList<Command> commands)
    {
        var story = new StringBuilder();
        Command? running = null;
        try
        {
            await using var world = await PropertyWorld.StartAsync(postgres);
            var tenants = world.Scenes.Select(scene => scene.Id).ToArray();
            var (clock, wallets) = await WalletSnapshot.ReadAsync(world.Source, tenants);
            foreach (var command in commands)
            {
                var scene = world.Scenes[command.Tenant];
                running = command;
                scene.Clock = new DateTimeOffset(clock.Ticks - (clock.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
                var step = await command.RunAsync(scene);
                story.AppendLine(CultureInfo.InvariantCulture, $"{scene.Clock:u} {step.Sentence}: {step.Found}");
                var before = wallets;
                (clock, wallets) = await WalletSnapshot.ReadAsync(world.Source, tenants);
                if (step.Refused)
                {
                    if (before[scene.Id].Text != wallets[scene.Id].Text) return $"{story}  it refused and changed something all the same";
                    if (scene.Model.IsDue(clock))
                    {
                        await world.Wallets.SettleAsync(scene.Id);
                        (clock, wallets) = await WalletSnapshot.ReadAsync(world.Source, tenants);
                    }
                }

                var now = wallets[scene.Id].LastPosted > before[scene.Id].LastPosted ? wallets[scene.Id].LastPosted : clock;
                if (command is not (ClockCommand or RegrantCommand)) scene.Model.Settle(now);
                var expected = step.OnModel(now);
                if (expected != step.Found) return $"{story}  the model says: {expected}";
                foreach (var other in world.Scenes)
                {
                    if (wallets[other.Id].DifferencesFrom(other.Model) is { Length: > 0 } differences) return $"{story}{other}:\n{differences}";
                }
            }

            var report = await new Reconciliation(world.Source).RunAsync();
            return report.Ok ? null : $"{story}the reconciliation found: {string.Join("; ", report.Checks.Where(check => !check.Ok).Select(check => $"{check.Id} {check.Name}: {string.Join(", ", check.Failures)}"))}";
        }
        catch (Exception exception)
        {
            return $"{story}  {running}\n  threw {exception}";
        }
    }

    /// <summary>
    /// The story of the shortest list found in a minute that still goes wrong, leaving out ever smaller runs of commands.
    /// </summary>
    public static async Task<string> ShrinkAsync(PostgresFixture postgres, IReadOnlyList<Command> commands, string difference)
    {
        // Each command is a line of the story: what came after the last was never run.
        var kept = commands.Take(difference.Split('\n').Count(line => line.StartsWith("20", StringComparison.Ordinal)) + 1).ToList();
        var started = Stopwatch.GetTimestamp();
        bool MayGoOn() => Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1);
        for (var length = Math.Max(1, kept.Count / 2); length >= 1 && MayGoOn();)
        {
            var shorter = false;
            for (var start = Math.Max(0, kept.Count - length); MayGoOn(); start -= length)
            {
                start = Math.Max(0, start);
                var fewer = kept.ToList();
                fewer.RemoveRange(start, Math.Min(length, fewer.Count - start));
                if (await FindDifferenceAsync(postgres, fewer) is { } still) (kept, difference, shorter) = (fewer, still, true);
                if (start == 0) break;
            }

            if (!shorter || length > 1) length /= 2;
        }

        return difference;
    }
}
