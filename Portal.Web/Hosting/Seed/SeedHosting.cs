using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Portal.Web.Hosting.Seed;

/// <summary>Setting <c>Portal:Seed</c>: <c>demo</c> (in development when absent) or <c>none</c>.</summary>
public static class SeedHosting
{
    /// <summary>
    /// Seeds the database while the host starts, before the server listens, and says how to sign in once it does. Call after the domain's
    /// background services were registered: the seed sends usage through the intake.
    /// </summary>
    public static WebApplicationBuilder AddPortalSeed(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var seed = builder.Configuration["Portal:Seed"] is { Length: > 0 } given ? given : builder.Environment.IsDevelopment() ? "demo" : "none";
        if (seed == "demo") builder.Services.AddSingleton<DemoCompany>().AddHostedService<SeedAtStart>();
        builder.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<Greeting>(provider, seed == "demo" && builder.Environment.IsDevelopment()));
        return builder;
    }

    private sealed class SeedAtStart(DemoCompany company) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => company.EnsureAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Prints the address, and the demo's sign-ins in development.</summary>
    private sealed class Greeting(bool signIns, IServer server, IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.ApplicationStarted.Register(Print);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private void Print()
        {
            var address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
            Console.WriteLine($"Portal is up: {address}");
            if (!signIns) return;
            foreach (var person in DemoPeople.All) Console.WriteLine($"  {person.What,-9} {person.Email,-24} {DemoPeople.Password}");
        }
    }
}
