using Portal.Testing;

namespace Portal.Database.Tests.Payments.Providers;

public sealed class SandboxContractTests(PostgresFixture postgres) : ProviderContract(postgres), IClassFixture<PostgresFixture>
{
    private protected override Task<IBench> BenchAsync() => SandboxBench.StartAsync();
}

public sealed class StripeContractTests(PostgresFixture postgres) : ProviderContract(postgres), IClassFixture<PostgresFixture>
{
    private protected override Task<IBench> BenchAsync() => StripeBench.StartAsync();
}

public sealed class AdyenContractTests(PostgresFixture postgres) : ProviderContract(postgres), IClassFixture<PostgresFixture>
{
    private protected override Task<IBench> BenchAsync() => AdyenBench.StartAsync();
}

public sealed class CheckoutComContractTests(PostgresFixture postgres) : ProviderContract(postgres), IClassFixture<PostgresFixture>
{
    private protected override Task<IBench> BenchAsync() => CheckoutComBench.StartAsync();
}
