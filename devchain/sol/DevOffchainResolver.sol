// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// An ENSIP-10 resolver that answers every question by sending the client to one URL (EIP-3668, CCIP-Read).
contract DevOffchainResolver {
    error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);

    string public url;

    constructor(string memory url_) {
        url = url_;
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0x9061b923;
    }

    function resolve(bytes calldata, bytes calldata data) external view returns (bytes memory) {
        string[] memory urls = new string[](1);
        urls[0] = url;
        revert OffchainLookup(address(this), urls, data, this.resolveCallback.selector, "");
    }

    /// Believes the gateway: a development chain has nobody to protect from it.
    function resolveCallback(bytes calldata response, bytes calldata) external pure returns (bytes memory) {
        return response;
    }
}
