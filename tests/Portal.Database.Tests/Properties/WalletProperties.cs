using CsCheck;
using Portal.Testing;

namespace Portal.Database.Tests.Properties;

/// <summary>Random sequences of commands on several tenants, on the engine and on a plain model, equal after each.</summary>
public sealed class WalletProperties(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Sequences = 60, Length = 170; // 10,200 commands

    [Fact]
    public async Task Any_sequence_of_commands_leaves_engine_and_model_equal_after_each()
    {
        var seed = Environment.GetEnvironmentVariable("Portal__PropertySeed");
        var random = seed is null ? new PCG((uint)Environment.ProcessId, (ulong)DateTime.UtcNow.Ticks) : PCG.Parse(seed);
        for (var sequence = 0; sequence < Sequences; sequence += 2)
            await Task.WhenAll(CheckAsync(random), CheckAsync(random));
    }

    private async Task CheckAsync(PCG random)
    {
        var seed = random.ToString();
        var commands = new Command[Length];
        for (var i = 0; i < Length; i++) commands[i] = CommandGenerators.Any.Generate(random, null, out _);
        await Task.Yield();
        if (await WalletSequence.FindDifferenceAsync(postgres, commands) is not { } difference) return;
        throw new InvalidOperationException($"Portal__PropertySeed={seed}\n{await WalletSequence.ShrinkAsync(postgres, commands, difference)}");
    }
}
