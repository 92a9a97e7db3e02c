// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

interface IRegistry {
    function resolver(bytes32 node) external view returns (address);
}

interface IERC165 {
    function supportsInterface(bytes4 id) external view returns (bool);
}

/// A small Universal Resolver for a development chain. It speaks the public ABI of ENS's own (v3) and is original code:
/// no package carries the bytecode of theirs. `reverse` follows on-chain resolvers only.
contract DevUniversalResolver {
    error ResolverNotFound(bytes name);
    error ResolverNotContract(bytes name, address resolver);
    error UnsupportedResolverProfile(bytes4 selector);
    error ResolverError(bytes errorData);
    error ReverseAddressMismatch(string primary, bytes primaryAddress);
    error EmptyAddress();
    error DNSDecodingFailed(bytes dns);
    error DNSEncodingFailed(string ens);
    error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);

    struct ResolverInfo {
        bytes name;
        uint256 offset;
        bytes32 node;
        address resolver;
        bool extended;
    }

    struct BatchRequest {
        address sender;
        string[] urls;
        bytes data;
    }

    /// What the callback needs to finish a lookup that went off-chain.
    struct Pending {
        address resolver;
        bytes4 callback;
        bytes extraData;
        bool extended;
        bytes4 selector;
    }

    bytes4 private constant EXTENDED_RESOLVER = 0x9061b923; // ENSIP-10: resolve(bytes,bytes)
    uint256 private constant COIN_TYPE_ETH = 60;
    uint256 private constant COIN_TYPE_DEFAULT = 0x80000000; // ENSIP-19

    IRegistry public immutable registry;
    string[] private noGateways;

    constructor(IRegistry ens) {
        registry = ens;
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7;
    }

    /// The first resolver on the way from `name` to the root; `offset` says how many bytes of the name were skipped.
    function findResolver(bytes memory name) public view returns (address resolver, bytes32 node, uint256 offset) {
        node = _namehash(name, 0);
        while (offset < name.length) {
            resolver = registry.resolver(_namehash(name, offset));
            if (resolver != address(0) || name[offset] == 0) return (resolver, node, offset);
            offset += 1 + uint8(name[offset]);
        }
    }

    function requireResolver(bytes memory name) public view returns (ResolverInfo memory found) {
        found.name = name;
        (found.resolver, found.node, found.offset) = findResolver(name);
        if (found.resolver == address(0)) revert ResolverNotFound(name);
        if (found.resolver.code.length == 0) revert ResolverNotContract(name, found.resolver);
        found.extended = _isExtended(found.resolver);
        if (found.offset != 0 && !found.extended) revert ResolverNotFound(name);
    }

    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory, address) {
        return resolveWithGateways(name, data, noGateways);
    }

    function resolveWithGateways(bytes calldata name, bytes calldata data, string[] memory gateways)
        public
        view
        returns (bytes memory result, address resolver)
    {
        ResolverInfo memory found = requireResolver(name);
        (bool ok, bytes memory answer) = _ask(found, data);
        if (!ok && bytes4(answer) == OffchainLookup.selector) _lookUpOffchain(found, bytes4(data), answer, gateways);
        return (_finish(ok, answer, found.extended, bytes4(data)), found.resolver);
    }

    function resolveCallback(bytes calldata response, bytes calldata extraData)
        external
        view
        returns (bytes memory result, address resolver)
    {
        Pending memory pending = abi.decode(extraData, (Pending));
        (bool[] memory failed, bytes[] memory answers) = abi.decode(response, (bool[], bytes[]));
        if (failed[0]) _revertWith(answers[0]);
        (bool ok, bytes memory answer) =
            pending.resolver.staticcall(abi.encodeWithSelector(pending.callback, answers[0], pending.extraData));
        return (_finish(ok, answer, pending.extended, pending.selector), pending.resolver);
    }

    function reverse(bytes calldata lookupAddress, uint256 coinType)
        external
        view
        returns (string memory, address, address)
    {
        return reverseWithGateways(lookupAddress, coinType, noGateways);
    }

    /// The primary name of an address (ENSIP-19), checked against the address that name resolves to.
    function reverseWithGateways(bytes calldata lookupAddress, uint256 coinType, string[] memory)
        public
        view
        returns (string memory primary, address resolver, address reverseResolver)
    {
        if (lookupAddress.length == 0) revert EmptyAddress();
        ResolverInfo memory found = requireResolver(_encode(_reverseName(lookupAddress, coinType)));
        reverseResolver = found.resolver;
        primary = abi.decode(_read(found, abi.encodeWithSignature("name(bytes32)", found.node)), (string));
        if (bytes(primary).length == 0) return ("", address(0), reverseResolver);

        found = requireResolver(_encode(primary));
        resolver = found.resolver;
        bytes memory forward = _addressOf(found, coinType);
        if (keccak256(forward) != keccak256(lookupAddress)) revert ReverseAddressMismatch(primary, forward);
    }

    function _addressOf(ResolverInfo memory found, uint256 coinType) private view returns (bytes memory) {
        if (coinType == COIN_TYPE_ETH) {
            bytes memory answer = _read(found, abi.encodeWithSignature("addr(bytes32)", found.node));
            return abi.encodePacked(abi.decode(answer, (address)));
        }
        bytes memory call = abi.encodeWithSignature("addr(bytes32,uint256)", found.node, coinType);
        return abi.decode(_read(found, call), (bytes));
    }

    function _read(ResolverInfo memory found, bytes memory data) private view returns (bytes memory) {
        (bool ok, bytes memory answer) = _ask(found, data);
        return _finish(ok, answer, found.extended, bytes4(data));
    }

    function _ask(ResolverInfo memory found, bytes memory data) private view returns (bool, bytes memory) {
        bytes memory call = found.extended ? abi.encodeWithSelector(EXTENDED_RESOLVER, found.name, data) : data;
        return found.resolver.staticcall(call);
    }

    function _finish(bool ok, bytes memory answer, bool extended, bytes4 selector) private pure returns (bytes memory) {
        if (!ok) {
            if (bytes4(answer) == UnsupportedResolverProfile.selector) _revertWith(answer);
            revert ResolverError(answer);
        }
        if (answer.length == 0) revert UnsupportedResolverProfile(selector);
        return extended ? abi.decode(answer, (bytes)) : answer;
    }

    /// Asks again in our own name, as a batch of one, so that the client's gateways serve it.
    function _lookUpOffchain(ResolverInfo memory found, bytes4 selector, bytes memory lookup, string[] memory gateways)
        private
        view
    {
        (address sender, string[] memory urls, bytes memory callData, bytes4 callback, bytes memory extraData) =
            abi.decode(_withoutSelector(lookup), (address, string[], bytes, bytes4, bytes));
        BatchRequest[] memory batch = new BatchRequest[](1);
        batch[0] = BatchRequest(sender, urls, callData);
        revert OffchainLookup(
            address(this),
            gateways,
            abi.encodeWithSignature("query((address,string[],bytes)[])", batch),
            this.resolveCallback.selector,
            abi.encode(Pending(found.resolver, callback, extraData, found.extended, selector))
        );
    }

    function _isExtended(address resolver) private view returns (bool) {
        (bool ok, bytes memory answer) =
            resolver.staticcall{gas: 30000}(abi.encodeCall(IERC165.supportsInterface, (EXTENDED_RESOLVER)));
        return ok && answer.length >= 32 && abi.decode(answer, (uint256)) == 1;
    }

    function _namehash(bytes memory name, uint256 at) private pure returns (bytes32) {
        if (at >= name.length) revert DNSDecodingFailed(name);
        uint256 length = uint8(name[at]);
        uint256 next = at + 1 + length;
        if (length == 0) {
            if (next != name.length) revert DNSDecodingFailed(name);
            return 0;
        }
        if (next >= name.length) revert DNSDecodingFailed(name);
        bytes32 label;
        assembly {
            label := keccak256(add(add(name, 33), at), length)
        }
        return keccak256(abi.encodePacked(_namehash(name, next), label));
    }

    /// "a.eth" to its DNS wire form: each label after its length, then a zero.
    function _encode(string memory ens) private pure returns (bytes memory dns) {
        bytes memory text = bytes(ens);
        if (text.length == 0) return hex"00";
        dns = new bytes(text.length + 2);
        uint256 start;
        for (uint256 i; i <= text.length; ++i) {
            if (i < text.length && text[i] != ".") {
                dns[i + 1] = text[i];
                continue;
            }
            if (i == start || i - start > 255) revert DNSEncodingFailed(ens);
            dns[start] = bytes1(uint8(i - start));
            start = i + 1;
        }
    }

    function _reverseName(bytes memory lookupAddress, uint256 coinType) private pure returns (string memory) {
        string memory space = coinType == COIN_TYPE_ETH
            ? "addr"
            : coinType == COIN_TYPE_DEFAULT ? "default" : _hex(_trim(abi.encodePacked(coinType)));
        return string.concat(_hex(lookupAddress), ".", space, ".reverse");
    }

    function _trim(bytes memory word) private pure returns (bytes memory out) {
        uint256 zeros;
        while (zeros < word.length - 1 && word[zeros] == 0) ++zeros;
        out = new bytes(word.length - zeros);
        for (uint256 i; i < out.length; ++i) out[i] = word[i + zeros];
    }

    function _hex(bytes memory data) private pure returns (string memory) {
        bytes memory digits = "0123456789abcdef";
        bytes memory out = new bytes(data.length * 2);
        for (uint256 i; i < data.length; ++i) {
            out[2 * i] = digits[uint8(data[i]) >> 4];
            out[2 * i + 1] = digits[uint8(data[i]) & 15];
        }
        return string(out);
    }

    function _withoutSelector(bytes memory data) private pure returns (bytes memory out) {
        out = new bytes(data.length - 4);
        for (uint256 i; i < out.length; ++i) out[i] = data[i + 4];
    }

    function _revertWith(bytes memory data) private pure {
        assembly {
            revert(add(data, 32), mload(data))
        }
    }
}
