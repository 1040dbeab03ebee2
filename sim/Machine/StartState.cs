namespace Seamsim;

/// <summary>How far a platform has come before something is done with it.</summary>
public enum StartState
{
    /// <summary>Firmware has loaded the P-SEAMLDR; no processor is in VMX operation.</summary>
    Reset,

    /// <summary>Every processor has executed VMXON.</summary>
    Loader,

    /// <summary>The P-SEAMLDR has installed the TDX module.</summary>
    Installed,

    /// <summary>The module is initialised: TDMRs, keys, PAMTs. TDs can be created.</summary>
    Ready,
}
